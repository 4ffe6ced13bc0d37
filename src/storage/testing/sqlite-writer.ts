// A process that writes: `increment PATH TIMES` adds to key `n`; `count PATH TIMES` writes k1, k2 … and prints each number
// once its write has been acknowledged.
import { writeSync } from 'node:fs'
import { systemNow } from '../../base/clock.ts'
import { openSqliteKeyValue } from '../sqlite/sqlite-key-value.ts'
import { increment } from './key-value.testsuite.ts'

const [mode, path = '', times = '0'] = process.argv.slice(2)
const store = await openSqliteKeyValue({ path, now: systemNow, lockWaitMs: 5000 })
if (mode === 'increment') await increment(store, 'n', Number(times))
else {
  for (let n = 1; n <= Number(times); n++) {
    await store.set(`k${n}`, String(n).repeat(100))
    writeSync(1, `${n}\n`)
  }
}
await store.close()
