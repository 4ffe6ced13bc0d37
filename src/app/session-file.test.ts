import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { isWritableFolder, sessionFile } from './session-file.ts'

describe('sessionFile()', () => {
  it('gives each name and port a file of its own, and the same one each time', () => {
    assert.equal(sessionFile('/d', 'team-a', 4483), '/d/sessions/team-a-4483.db')
    const files = [
      sessionFile('/d', 'team-a', 4483),
      sessionFile('/d', 'team-a', 4484),
      sessionFile('/d', 'team-b', 4483),
      sessionFile('/d', 'team/a', 4483),
      sessionFile('/d', 'team a', 4483),
      sessionFile('/d', 'team_a', 4483),
      sessionFile('/d', `${'x'.repeat(300)}1`, 4483),
      sessionFile('/d', `${'x'.repeat(300)}2`, 4483),
    ]
    assert.equal(new Set(files).size, files.length)
    for (const file of files) assert.match(file, /^\/d\/sessions\/[\w.-]{1,90}\.db$/)
  })

  it('stays in its folder, whatever the name', () => {
    for (const name of ['../../etc/passwd', '..', '/', '\0', '']) {
      assert.match(sessionFile('/d', name, 1), /^\/d\/sessions\/[\w.-]*-1\.db$/)
    }
  })
})

describe('isWritableFolder()', async () => {
  const base = await mkdtemp(join(tmpdir(), 'thv-folder-'))
  after(() => rm(base, { recursive: true }))

  it('makes a folder for this user only', async () => {
    assert.equal(isWritableFolder(join(base, 'a', 'b')), true)
    assert.equal((await stat(join(base, 'a', 'b'))).mode & 0o777, 0o700)
  })

  it('is false where nothing can be made or written', async () => {
    assert.equal(isWritableFolder('/dev/null/here'), false)
    if (process.getuid?.() === 0) return
    await chmod(join(base, 'a'), 0o500)
    assert.equal(isWritableFolder(join(base, 'a')), false)
  })
})
