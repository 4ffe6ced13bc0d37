import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemNow } from '../../base/clock.ts'
import { testKeyValue } from '../testing/key-value.testsuite.ts'
import { standingClock } from '../testing/test-clock.ts'
import { openSqliteKeyValue } from './sqlite-key-value.ts'

const writer = new URL('../testing/sqlite-writer.ts', import.meta.url).pathname

testKeyValue('sqlite key-value in memory', () => openOnClock(':memory:'))

describe('sqlite key-value in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thv-storage-'))
  after(() => rm(folder, { recursive: true }))
  let count = 0
  const newPath = () => join(folder, `${(count += 1)}`, 'sessions.db')
  const open = (path: string, lockWaitMs = 500) =>
    openSqliteKeyValue({ path, now: systemNow, lockWaitMs })

  testKeyValue('contract', () => openOnClock(newPath()))

  it('keeps what was written over a close, expiry and versions included', async () => {
    const path = newPath()
    const clock = { time: 5 }
    const first = await openSqliteKeyValue({ path, now: () => clock.time })
    const version = await first.set('a', '1', { ttlMs: 100 })
    await first.close()
    const second = await openSqliteKeyValue({ path, now: () => clock.time })
    assert.deepEqual(await second.get('a'), { value: '1', version })
    assert.ok(((await second.set('b', '1')) as number) > (version as number))
    clock.time += 100
    assert.equal(await second.get('a'), undefined)
    await second.close()
  })

  it('makes its files readable for this user only', async () => {
    const path = newPath()
    const store = await open(path)
    await store.set('a', '1')
    for (const file of [path, `${path}-wal`, `${path}-shm`]) {
      assert.equal((await stat(file)).mode & 0o777, 0o600, file)
    }
    await store.close()
    await chmod(path, 0o644)
    await (await open(path)).close()
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  it('sweeps expired rows out of the file', async () => {
    const path = newPath()
    const clock = { time: 0 }
    const store = await openSqliteKeyValue({ path, now: () => clock.time, sweepIntervalMs: 5 })
    await store.set('short', 'x', { ttlMs: 10 })
    await store.set('long', 'x', { ttlMs: 1000 })
    clock.time = 10
    await sleep(40)
    await store.close()
    const raw = new DatabaseSync(path)
    assert.deepEqual(
      raw
        .prepare('SELECT key FROM entries')
        .all()
        .map((row) => row['key']),
      ['long'],
    )
    raw.close()
  })

  it('loses no increment of two processes on one file', async () => {
    const path = newPath()
    const store = await open(path, 5000)
    await store.set('n', '0')
    const exits = ['a', 'b'].map(async () => {
      const child = spawn(process.execPath, [writer, 'increment', path, '100'], {
        stdio: 'inherit',
      })
      assert.deepEqual(await once(child, 'exit'), [0, null])
    })
    await Promise.all(exits)
    assert.equal((await store.get('n'))?.value, '200')
    await store.close()
  })

  it('has every acknowledged write after kill -9 in the middle of writing', async () => {
    const path = newPath()
    const child = spawn(process.execPath, [writer, 'count', path, '1000000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let acknowledged = 0
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      // A chunk may end in the middle of a number.
      said += chunk.toString()
      acknowledged = said.split('\n').length - 1
      if (acknowledged > 300) child.kill('SIGKILL')
    })
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    assert.equal(signal, 'SIGKILL', `it ended by itself with ${code} after ${acknowledged} writes`)
    const store = await open(path)
    for (let n = 1; n <= acknowledged; n++) {
      assert.equal((await store.get(`k${n}`))?.value, String(n).repeat(100))
    }
    await store.close()
  })

  it('opens after the log was cut in the middle of a write, with all earlier writes', async () => {
    const path = newPath()
    const broken = newPath()
    const store = await open(path)
    await (await open(broken)).close()
    await store.set('first', 'x'.repeat(5000))
    const before = (await stat(`${path}-wal`)).size
    await store.set('second', 'y'.repeat(5000))
    await copyFile(path, broken)
    await copyFile(`${path}-wal`, `${broken}-wal`)
    await truncate(`${broken}-wal`, before + 1000)
    await store.close()

    const recovered = await open(broken)
    assert.equal((await recovered.get('first'))?.value, 'x'.repeat(5000))
    assert.equal(await recovered.get('second'), undefined)
    assert.ok(await recovered.set('third', '1'))
    await recovered.close()
  })

  it('starts afresh on an empty file, and names a file that is no database', async () => {
    const path = newPath()
    await (await open(path)).close()
    const empty = `${path}.empty`
    await writeFile(empty, '')
    const store = await open(empty)
    assert.ok(await store.set('a', '1'))
    await store.close()
    const junk = `${path}.junk`
    await writeFile(junk, 'this is my shopping list '.repeat(500))
    await assert.rejects(open(junk), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, 'STORAGE_CORRUPT')
      assert.match(error.hint, /mv ".*junk"/)
      return true
    })
  })

  it('says that another process holds the file, and goes on when it lets go', async () => {
    const path = newPath()
    const store = await open(path, 30)
    await store.set('a', '1')
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    await assert.rejects(store.set('a', '2'), { code: 'STORAGE_LOCKED', status: 503 })
    assert.equal((await store.get('a'))?.value, '1')
    other.exec('COMMIT')
    other.close()
    assert.ok(await store.set('a', '3'))
    await store.close()
  })

  it('says that the disk is full, keeps what there is, and goes on when there is room', async () => {
    const path = newPath()
    const store = await open(path)
    await store.set('a', '1')
    await store.close()
    const small = await openSqliteKeyValue({ path, now: systemNow, maxPages: 12 })
    await assert.rejects(small.set('big', 'x'.repeat(100_000)), {
      code: 'STORAGE_FULL',
      status: 507,
    })
    assert.equal((await small.get('a'))?.value, '1')
    assert.ok(await small.set('a', '2'))
    await small.close()
  })

  it('says what is wrong with a path that cannot be opened', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    await assert.rejects(open(join(file, 'sessions.db')), { code: 'STORAGE_UNAVAILABLE' })
    await assert.rejects(open(folder), { code: 'STORAGE_UNAVAILABLE' })
  })
})

async function openOnClock(path: string) {
  const clock = standingClock()
  return { store: await openSqliteKeyValue({ path, now: clock.now }), clock }
}
