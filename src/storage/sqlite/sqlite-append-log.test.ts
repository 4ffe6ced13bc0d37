import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemNow } from '../../base/clock.ts'
import { testAppendLog } from '../testing/append-log.testsuite.ts'
import { standingClock } from '../testing/test-clock.ts'
import { openSqliteAppendLog } from './sqlite-append-log.ts'
import { openSqliteKeyValue } from './sqlite-key-value.ts'

const writer = new URL('../testing/sqlite-writer.ts', import.meta.url).pathname

testAppendLog('sqlite append-log in memory', async () => {
  const clock = standingClock()
  return { log: await openSqliteAppendLog({ path: ':memory:', now: clock.now }), clock }
})

describe('sqlite append-log in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thv-append-log-'))
  after(() => rm(folder, { recursive: true }))
  let count = 0
  const newPath = () => join(folder, `${(count += 1)}`, 'sessions.db')

  it('shares its file with a key-value store, and keeps all over a close', async () => {
    const path = newPath()
    const store = await openSqliteKeyValue({ path, now: systemNow })
    const log = await openSqliteAppendLog({ path, now: systemNow })
    await Promise.all([store.set('a', '1'), log.append('a', ['x']), store.set('b', '1')])
    await log.close()
    await store.close()
    const again = await openSqliteAppendLog({ path, now: systemNow })
    assert.deepEqual((await again.read('a')).entries, ['x'])
    await again.close()
  })

  it('sweeps expired logs and their entries out of the file', async () => {
    const path = newPath()
    const clock = { time: 0 }
    const now = () => clock.time
    const log = await openSqliteAppendLog({ path, now, sweepIntervalMs: 5 })
    await log.append('short', ['x'], { ttlMs: 10 })
    await log.append('long', ['y'], { ttlMs: 1000 })
    clock.time = 10
    await sleep(40)
    await log.close()
    const raw = new DatabaseSync(path)
    const rows = raw.prepare('SELECT entry FROM log_entries').all()
    raw.close()
    assert.deepEqual(
      rows.map((row) => row['entry']),
      ['y'],
    )
  })

  it('has every acknowledged append after kill -9 in the middle of writing', async () => {
    const path = newPath()
    const child = spawn(process.execPath, [writer, 'append', path, '1000000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.split('\n').length > 300) child.kill('SIGKILL')
    })
    await once(child, 'close')
    // A number that was cut off at the end was not said.
    const acknowledged = said.split('\n').length - 1
    assert.ok(acknowledged > 200)
    const log = await openSqliteAppendLog({ path, now: systemNow })
    const { entries } = await log.read('j')
    for (let n = 1; n <= acknowledged; n++) assert.equal(entries[n - 1], String(n).repeat(50))
    await log.close()
  })
})
