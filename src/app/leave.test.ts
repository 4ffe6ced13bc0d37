import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { AppError } from '../base/errors.ts'
import { makeCall } from '../gateway/testing/fake-backend.ts'
import type { AdoptCall } from '../mcp/late-call.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { leave, leavePlan, type LeaveParts } from './leave.ts'

const DRAIN = { delayMs: 5_000, timeoutMs: 10_000, gracePeriodMs: 30_000, headroomMs: 2_000 }

describe('leavePlan()', () => {
  it('waits as the file says, and for late answers until shortly before the kill', () => {
    const plan = leavePlan(DRAIN)
    assert.deepEqual(plan, { delayMs: 5_000, timeoutMs: 10_000, lateMs: 10_800, closeMs: 2_000 })
  })

  it('shortens the wait for calls that would outlive the grace period', () => {
    const plan = leavePlan({ ...DRAIN, timeoutMs: 60_000 })
    assert.deepEqual(plan, { delayMs: 5_000, timeoutMs: 19_800, lateMs: 1_000, closeMs: 2_000 })
  })

  it('waits for nothing late where nobody said when the process is killed', () => {
    const plan = leavePlan({ ...DRAIN, gracePeriodMs: undefined })
    assert.deepEqual(plan, { delayMs: 5_000, timeoutMs: 10_000, lateMs: 0, closeMs: 10_000 })
  })

  it('always ends within the grace period less its headroom', () => {
    const ms = fc.integer({ min: 0, max: 100_000 })
    fc.assert(
      fc.property(ms, ms, ms, ms, (delayMs, timeoutMs, spareMs, headroomMs) => {
        const gracePeriodMs = delayMs + headroomMs + spareMs
        const plan = leavePlan({ delayMs, timeoutMs, gracePeriodMs, headroomMs })
        const totalMs = plan.delayMs + plan.timeoutMs + plan.lateMs + plan.closeMs
        assert.ok(totalMs + headroomMs <= gracePeriodMs)
        assert.ok(totalMs + headroomMs >= gracePeriodMs - 200)
        assert.ok(plan.timeoutMs <= timeoutMs)
        for (const part of Object.values(plan)) assert.ok(part >= 0)
      }),
    )
  })
})

describe('leave()', () => {
  /** What the client of one call that takes too long is told. */
  async function told(known: Promise<void>): Promise<AppError | undefined> {
    let error: AppError | undefined
    const drain = async (_graceMs: number, adopt?: AdoptCall): Promise<void> => {
      error = (await adopt?.(makeCall()))?.error
    }
    await leave({ ...parts({ known }), clients: { ...CLIENTS, drain } })
    return error
  }

  it('gives calls that take too long a key for their answer', async () => {
    const error = await told(Promise.resolve())
    assert.equal(error?.code, 'GATEWAY_OUTCOME_UNKNOWN')
    assert.match(error.hint ?? '', /Send the same call with .* = "key" within 10 minutes/)
  })

  it('says that the outcome is unknown, and no answer can be fetched, while the store is away or stands still', async () => {
    const away = Promise.reject(new Error('away'))
    for (const known of [away, new Promise<void>(() => {})]) {
      const error = await told(known)
      assert.equal(error?.code, 'GATEWAY_OUTCOME_UNKNOWN')
      assert.match(error.hint ?? '', /^Look whether it took effect/)
      assert.equal(error.details['idempotencyKey'], 'key')
    }
  })

  it('ends in time, whichever of its parts hangs', async () => {
    const never = () => new Promise<never>(() => {})
    const whole = parts({ known: never() })
    const plan = { delayMs: 0, timeoutMs: 100, lateMs: 200, closeMs: 0 }
    const adopting = async (_graceMs: number, adopt?: AdoptCall): Promise<void> => {
      await adopt?.(makeCall())
    }
    const hanging: Partial<LeaveParts>[] = [
      { fleet: { handOver: never, served: never } },
      { composites: { drain: never, leave: never } },
      { clients: { ...CLIENTS, drain: never } },
      { clients: { ...CLIENTS, drain: adopting } },
      {
        fleet: { handOver: never, served: never },
        composites: { drain: never, leave: never },
        clients: { ...CLIENTS, drain: adopting },
      },
    ]
    for (const each of hanging) {
      const startedAt = performance.now()
      const times: number[] = []
      const settled: LeaveParts['keyed']['settled'] = async (...given) => void times.push(...given)
      await leave({ ...whole, plan, keyed: { ...whole.keyed, settled }, ...each })
      const tookMs = performance.now() - startedAt
      const [waitMs = NaN, sayMs = NaN] = times
      assert.ok(tookMs + waitMs + sayMs < 1_500, `${tookMs} ms, and it would have waited ${times}`)
    }
  })

  it('goes on though the runs of composite tools cannot be left in order', async () => {
    const leaving = () => Promise.reject(new Error('away'))
    await leave({ ...parts({ known: DONE }), composites: { drain: () => DONE, leave: leaving } })
  })
})

const DONE = Promise.resolve()

const CLIENTS: LeaveParts['clients'] = {
  url: undefined,
  gone: new Promise(() => {}),
  drain: async () => {},
}

function parts({ known }: { known: Promise<void> }): LeaveParts {
  return {
    plan: { delayMs: 0, timeoutMs: 0, lateMs: 50, closeMs: 0 },
    clients: CLIENTS,
    keyed: {
      stage: (call, next) => next(call),
      keepMs: 600_000,
      adopt: () => ({ key: 'key', known, settle: async () => {} }),
      settled: async () => {},
      recall: () => undefined,
      close: () => {},
    },
    fleet: undefined,
    composites: { drain: async () => {}, leave: async () => {} },
    log: silentLogger,
  }
}
