import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { writeFileAtomically } from './write-file-atomically.ts'

describe('writeFileAtomically', () => {
  it('writes with the mode, replaces, and leaves nothing else behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'thv-write-'))
    try {
      const file = join(folder, 'a.yaml')
      writeFileSync(file, 'old', { mode: 0o644 })
      await writeFileAtomically(file, 'new', 0o600)
      assert.equal(readFileSync(file, 'utf8'), 'new')
      assert.equal(statSync(file).mode & 0o777, 0o600)
      await assert.rejects(writeFileAtomically(folder, 'x', 0o600))
      assert.deepEqual(readdirSync(folder), ['a.yaml'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('fails where the folder is not there', async () => {
    await assert.rejects(writeFileAtomically('/nowhere/at/all', 'x', 0o600), { code: 'ENOENT' })
  })
})
