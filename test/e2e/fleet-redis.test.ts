import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NO_REDIS, startRedis, type RedisServer } from '../fixtures/redis/redis-server.ts'
import { startFleet, type Fleet } from '../support/fleet.ts'
import { callIn, said, stdioLab } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openSession, sendModern, type RawReply, type RawSession } from '../support/raw-mcp.ts'

const PREFIXED = {
  aggregation: {
    conflictResolution: 'prefix',
    conflictResolutionConfig: { prefixFormat: '{workload}_' },
  },
}

/** What became of the calls of one client. */
interface Tally {
  readonly session: RawSession
  readonly counts: number[]
  /** Answered by an error that says that nobody knows, or the connection broke. */
  unknown: number
  /** Anything else. */
  readonly wrong: string[]
}

describe('a fleet with Redis', { skip: NO_REDIS }, () => {
  let redis: RedisServer
  let lab: Lab
  let fleet: Fleet
  before(async () => {
    redis = await startRedis()
    lab = await startLab()
    fleet = await startFleet({
      count: 4,
      backends: { lab: lab.entry, local: stdioLab() },
      rest: PREFIXED,
      sessionStorage: { provider: 'redis', address: redis.address },
    })
  })
  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
    await redis?.[Symbol.asyncDispose]()
  })

  it('goes on while Redis is away, and is one again when it is back', async () => {
    const session = await openSession(fleet.url)
    for (let call = 1; call <= 8; call++) await callIn(session, 'lab_count')
    for (let call = 1; call <= 4; call++) await callIn(session, 'local_count')
    redis.pause()
    await sleep(1_000)
    for (let call = 9; call <= 12; call++) {
      assert.equal(await callIn(session, 'lab_count'), String(call))
    }
    for (let call = 5; call <= 8; call++) {
      assert.equal(await callIn(session, 'local_count'), String(call))
    }
    redis.resume()
    await sleep(500)
    assert.equal(await callIn(session, 'lab_count'), '13')
    const fresh = await openSession(fleet.url)
    for (let call = 1; call <= 4; call++) {
      assert.equal(await callIn(fresh, 'lab_count'), String(call))
    }
  })

  it('runs a call with an idempotency key once, though Redis forgets it', async () => {
    const meta = { 'toolhive.stacklok.dev/idempotencyKey': 'once' }
    const params = { name: 'lab_wait', arguments: { ms: 10 } }
    for (let time = 0; time < 3; time++) {
      const reply = await sendModern(fleet.url, 'tools/call', params, { meta })
      assert.equal(said(reply), 'done wait')
      const keys = await redis.admin.keys('*call:*')
      const records = keys.filter((key) => !key.includes('call:runner:'))
      assert.equal(records.length, 1)
      await redis.admin.del(records)
    }
    assert.equal(lab.executed.filter((name) => name === 'wait').length, 1)
  })

  it('loses no session, repeats no call and leaves none without a word while replicas are killed', async () => {
    const sessions = await Promise.all(Array.from({ length: 12 }, () => openSession(fleet.url)))
    const tallies = sessions.map((session): Tally => ({
      session,
      counts: [],
      unknown: 0,
      wrong: [],
    }))
    const stop = new AbortController()
    const clients = tallies.map((tally) => callUntil(stop.signal, tally))
    for (const victim of [0, 1, 2]) {
      await sleep(1_500)
      await fleet.kill(victim)
    }
    await sleep(1_500)
    stop.abort()
    await Promise.all(clients)
    let answered = 0
    for (const { session, counts, unknown, wrong } of tallies) {
      assert.deepEqual(wrong, [])
      assert.ok(counts.length > 0)
      assert.deepEqual(
        counts,
        [...new Set(counts)].toSorted((a, b) => a - b),
        'each count once',
      )
      const last = Number(await callIn(session, 'lab_count'))
      // Every answered call ran once; of the others nobody knows, but none ran twice.
      assert.ok(
        last > counts.length && last <= counts.length + unknown + 1,
        `${last} of ${counts.length} + ${unknown}`,
      )
      answered += counts.length
    }
    assert.ok(answered > 100, `${answered} calls`)
  })
})

/** One call after the other, each of which changes something. */
async function callUntil(signal: AbortSignal, tally: Tally): Promise<void> {
  while (!signal.aborted) {
    let reply: RawReply
    try {
      reply = await tally.session.send('tools/call', { name: 'lab_count', arguments: {} })
    } catch {
      tally.unknown++
      continue
    }
    const text = said(reply)
    if (/^\d+$/.test(text)) tally.counts.push(Number(text))
    // The balancer says 502 for a replica that broke off.
    else if (reply.status === 502 || /unknown|broke|went away/i.test(text)) tally.unknown++
    else tally.wrong.push(`${reply.status} ${text}`)
    await sleep(5)
  }
}
