import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KeyValue } from '../key-value.ts'
import { createLeases, type Lease, type Leases } from '../leases.ts'
import type { TestClock } from './test-clock.ts'

/** What leases promise on every store. */
export function testLeases(
  name: string,
  open: () => Promise<{ store: KeyValue; clock: TestClock }>,
): void {
  const withLeases = (run: (leases: Leases, clock: TestClock) => Promise<void>) => async () => {
    const { store, clock } = await open()
    try {
      await run(createLeases(store, 'lease:'), clock)
    } finally {
      await store.close()
    }
  }

  describe(name, () => {
    it(
      'gives a name to one owner and tells others who that is',
      withLeases(async (leases) => {
        await acquired(leases, 'run-1', 'a')
        assert.deepEqual(await leases.acquire('run-1', 'b', TTL), { kind: 'held', by: 'a' })
        await acquired(leases, 'run-2', 'b')
      }),
    )

    it(
      'gives exactly one of many racing owners the name',
      withLeases(async (leases) => {
        const results = await Promise.all(
          Array.from({ length: 30 }, (_, n) => leases.acquire('run', String(n), TTL)),
        )
        assert.equal(results.filter(({ kind }) => kind === 'acquired').length, 1)
      }),
    )

    it(
      'expires unless renewed, and the next fence is greater',
      withLeases(async (leases, clock) => {
        const first = await acquired(leases, 'run', 'a')
        await clock.advance(TTL * 0.9)
        assert.equal(await leases.renew(first, TTL), true)
        await clock.advance(TTL * 0.9)
        assert.equal((await leases.acquire('run', 'b', TTL)).kind, 'held')
        await clock.advance(TTL * 0.1)
        const second = await acquired(leases, 'run', 'b')
        assert.ok(second.fence > first.fence)
      }),
    )

    it(
      'neither renews nor releases the lease of a later owner',
      withLeases(async (leases, clock) => {
        const first = await acquired(leases, 'run', 'a')
        await clock.advance(TTL)
        assert.equal(await leases.renew(first, TTL), false)
        const second = await acquired(leases, 'run', 'b')
        assert.equal(await leases.renew(first, TTL * 100), false)
        assert.equal(await leases.release(first), false)
        await clock.advance(TTL * 0.9)
        assert.equal(await leases.renew(second, TTL), true)
      }),
    )

    it(
      'is free at once after a release, with a greater fence',
      withLeases(async (leases) => {
        const first = await acquired(leases, 'run', 'a')
        assert.equal(await leases.release(first), true)
        assert.equal(await leases.release(first), false)
        const second = await acquired(leases, 'run', 'b')
        assert.ok(second.fence > first.fence)
      }),
    )

    it(
      'lets an owner that comes again replace its former self',
      withLeases(async (leases) => {
        const before = await acquired(leases, 'run', 'a')
        const after = await acquired(leases, 'run', 'a')
        assert.ok(after.fence > before.fence)
        assert.equal(await leases.renew(before, TTL), false)
        assert.equal(await leases.renew(after, TTL), true)
      }),
    )
  })
}

const TTL = 1_000_000

async function acquired(leases: Leases, name: string, owner: string): Promise<Lease> {
  const result = await leases.acquire(name, owner, TTL)
  assert.ok(result.kind === 'acquired')
  return result.lease
}
