import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'

const MODULE = new URL('release-memory.ts', import.meta.url).href

describe('releaseMemory', () => {
  it('gives memory back that only the past needed, and leaves no gc behind', () => {
    const code = `
      const { releaseMemory } = await import(${JSON.stringify(MODULE)})
      let past = Array.from({ length: 300_000 }, (_, id) => ({ id }))
      const before = process.memoryUsage().heapTotal
      past = undefined
      releaseMemory()
      console.log(JSON.stringify({ saved: before - process.memoryUsage().heapTotal, gc: typeof gc }))`
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
    })
    assert.equal(child.stderr, '')
    const { saved, gc } = JSON.parse(child.stdout) as { saved: number; gc: string }
    assert.ok(saved > 5 * 1024 * 1024, `saved ${saved} bytes`)
    assert.equal(gc, 'undefined')
  })
})
