import { createMemoryKeyValue } from './memory/memory-key-value.ts'
import { openSqliteKeyValue } from './sqlite/sqlite-key-value.ts'
import { testLeases } from './testing/leases.testsuite.ts'
import { standingClock } from './testing/test-clock.ts'

testLeases('leases in memory', async () => {
  const clock = standingClock()
  return { store: createMemoryKeyValue({ now: clock.now }), clock }
})

testLeases('leases in SQLite', async () => {
  const clock = standingClock()
  return { store: await openSqliteKeyValue({ path: ':memory:', now: clock.now }), clock }
})
