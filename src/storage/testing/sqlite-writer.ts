// A process that writes: `increment PATH TIMES` adds to key `n`; `count PATH TIMES` writes k1, k2 … and prints each number
// once its write has been acknowledged; `append PATH TIMES` does so with entries of the log `j`.
import { systemNow } from '../../base/clock.ts'
import { openSqliteAppendLog } from '../sqlite/sqlite-append-log.ts'
import { openSqliteKeyValue } from '../sqlite/sqlite-key-value.ts'
import { increment } from './key-value.testsuite.ts'

const [mode, path = '', times = '0'] = process.argv.slice(2)
const store = await openSqliteKeyValue({ path, now: systemNow, lockWaitMs: 5000 })
if (mode === 'increment') await increment(store, 'n', Number(times))
else if (mode === 'append') {
  const log = await openSqliteAppendLog({ path, now: systemNow })
  for (let n = 1; n <= Number(times); n++) {
    await log.append('j', [String(n).repeat(50)], { expectLength: n - 1 })
    await acknowledge(n)
  }
  await log.close()
} else {
  for (let n = 1; n <= Number(times); n++) {
    await store.set(`k${n}`, String(n).repeat(100))
    await acknowledge(n)
  }
}
await store.close()

/** The next write waits until this has left the process: a reader that is slow makes `writeSync` fail with EAGAIN. */
async function acknowledge(n: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(`${n}\n`, (error) => (error ? reject(error) : resolve()))
  })
}
