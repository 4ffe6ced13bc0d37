import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFixture, type FixtureBackend } from '../support/fixture.ts'
import { startFleet, type Fleet } from '../support/fleet.ts'
import { callIn, isAlive, stdioLab, said } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import {
  findMessage,
  openSession,
  readEvents,
  sendModern,
  type RawMessage,
} from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

const URI = 'test://watched-resource'
const PREFIXED = {
  aggregation: {
    conflictResolution: 'prefix',
    conflictResolutionConfig: { prefixFormat: '{workload}_' },
  },
}

describe('a fleet of gateways', () => {
  let lab: Lab
  let fleet: Fleet
  before(async () => {
    lab = await startLab()
    fleet = await startFleet({
      backends: { lab: lab.entry, local: stdioLab() },
      rest: PREFIXED,
    })
  })
  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
  })

  for (const backend of ['lab', 'local']) {
    it(`serves a session on any replica, with one state behind it (${backend})`, async () => {
      const session = await openSession(fleet.url)
      for (let call = 1; call <= 7; call++) {
        assert.equal(await callIn(session, `${backend}_count`), String(call))
      }
    })

    it(`opens one connection only where two first calls come at once (${backend})`, async () => {
      const session = await openSession(fleet.url)
      const counts = await Promise.all([1, 2, 3, 4].map(() => callIn(session, `${backend}_count`)))
      assert.deepEqual(counts.toSorted(), ['1', '2', '3', '4'])
    })
  }

  it('tells a client once that an HTTP backend forgot its session, whatever replica finds out', async () => {
    const session = await openSession(fleet.url)
    for (let call = 1; call <= 4; call++) await callIn(session, 'lab_count')
    lab.forgetSessions()
    const told: number[] = []
    for (let call = 1; call <= 7; call++) {
      const reply = await session.send('tools/call', { name: 'lab_count', arguments: {} })
      assert.equal(said(reply), String(call))
      if (JSON.stringify(reply.response).includes('/stateLost":{"backend":"lab"}')) told.push(call)
    }
    assert.deepEqual(told, [1])
  })

  it('ends a session everywhere, at the backend too', async () => {
    const session = await openSession(fleet.url)
    await callIn(session, 'lab_count')
    await callIn(session, 'lab_count')
    const before = lab.deleted.length
    const headers = { 'mcp-session-id': session.id }
    const ended = await fetch(fleet.url, { method: 'DELETE', headers })
    assert.equal(ended.status, 204)
    await until('DELETE at the backend', () => (lab.deleted.length > before ? true : undefined))
    for (const _ of fleet.replicas) {
      assert.equal((await session.send('tools/list')).status, 404)
    }
  })
})

/** One after the other dies; each test begins with those that are left. */
describe('a fleet that loses its replicas', () => {
  let lab: Lab
  let fixture: FixtureBackend
  let fleet: Fleet
  before(async () => {
    lab = await startLab()
    fixture = await startFixture('http-legacy', { extras: true })
    fleet = await startFleet({
      count: 4,
      backends: { lab: lab.entry, local: stdioLab(), fixture: fixture.entry },
      rest: PREFIXED,
    })
  })
  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
    await fixture?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
  })

  it('goes on with the sessions of HTTP backends, and tells once what was lost with a process', async () => {
    fleet.next = 0
    const session = await openSession(fleet.url)
    assert.equal(await callIn(session, 'lab_count'), '1')
    assert.equal(await callIn(session, 'local_count'), '1')
    fleet.next = 1
    assert.equal(await callIn(session, 'local_count'), '2')
    await fleet.kill(0)
    fleet.next = undefined
    assert.equal(await callIn(session, 'lab_count'), '2')
    assert.equal(await callIn(session, 'lab_count'), '3')
    const first = await session.send('tools/call', { name: 'local_count', arguments: {} })
    const texts = first.messages.map((message) => JSON.stringify(message))
    assert.match(texts.at(-1) ?? '', /"toolhive.stacklok.dev\/stateLost":\{"backend":"local"\}/)
    assert.match(texts[0] ?? '', /notifications\/message.*warning.*toolhive.*started anew/)
    assert.equal(await callIn(session, 'local_count'), '2')
    const again = await session.send('tools/call', { name: 'local_count', arguments: {} })
    assert.doesNotMatch(JSON.stringify(again.messages), /stateLost/)
    assert.match(JSON.stringify(again.response), /"3"/)
  })

  it('replays streams of the dead, and says what nobody knows', async () => {
    fleet.next = 1
    const session = await openSession(fleet.url)
    const call = { name: 'lab_wait', arguments: { ms: 60_000, progressMs: 100 } }
    const opened = await session.open('tools/call', { ...call, _meta: { progressToken: 'p' } })
    let first: string | undefined
    let seen = 0
    for await (const event of readEvents(opened)) {
      first ??= event.id
      if (event.data.includes('notifications/progress') && ++seen === 5) break
    }
    await sleep(300)
    const requestId = session.lastId()
    await fleet.kill(1)
    fleet.next = 2
    const messages: RawMessage[] = []
    for await (const event of readEvents(await session.get(first, AbortSignal.timeout(30_000)))) {
      if (event.data !== '') messages.push(JSON.parse(event.data) as RawMessage)
    }
    const progress = messages.filter(({ method }) => method === 'notifications/progress')
    assert.ok(progress.length >= 5, `${progress.length} of the events before`)
    const last = messages.at(-1)
    assert.equal(last?.id, requestId)
    assert.match(last?.error?.message ?? '', /^Outcome unknown/)
  })

  it('tells whoever answers a call of the dead that nobody knows, and carries on their streams', async () => {
    fleet.next = 2
    const capabilities = { elicitation: {} }
    const params = { name: 'fixture_test_input_required_result_elicitation', arguments: {} }
    const asked = await sendModern(fleet.url, 'tools/call', params, { capabilities })
    const { requestState, inputRequests } = asked.response.result ?? {}
    const inputResponses = Object.fromEntries(
      Object.keys(inputRequests as object).map((key) => [
        key,
        { action: 'accept', content: { name: 'Ada' } },
      ]),
    )
    const session = await openSession(fleet.url)
    const stream = await session.get(undefined, AbortSignal.timeout(60_000))
    await session.send('resources/subscribe', { uri: URI })
    fleet.next = 3
    const update = findMessage(stream, ({ method }) => method === 'notifications/resources/updated')
    await session.send('tools/call', { name: 'fixture_touch', arguments: { uri: URI } })
    await update
    await fleet.kill(2)
    const retry = { ...params, requestState, inputResponses }
    const lost = await sendModern(fleet.url, 'tools/call', retry, { capabilities })
    assert.match(lost.response.error?.message ?? '', /^Outcome unknown/)
    const again = await session.get(undefined, AbortSignal.timeout(60_000))
    const next = findMessage(again, ({ method }) => method === 'notifications/resources/updated')
    const touching = setInterval(() => {
      session.send('tools/call', { name: 'fixture_touch', arguments: { uri: URI } }).catch(() => {})
    }, 1_000)
    await next
    clearInterval(touching)
  })
})

describe('a replica with more clients than a command may have processes', () => {
  let fleet: Fleet
  before(async () => {
    const rest = { ...PREFIXED, operational: { limits: { maxProcesses: 2 } } }
    fleet = await startFleet({ count: 2, backends: { local: stdioLab() }, rest })
  })
  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  it('ends that of one who is idle, who is told once wherever it comes back', async () => {
    fleet.next = 0
    const one = await openSession(fleet.url)
    const pid = Number(await callIn(one, 'local_pid'))
    for (let n = 0; n < 2; n++) {
      assert.equal(await callIn(await openSession(fleet.url), 'local_count'), '1')
    }
    await until('the end of its process', async () => ((await isAlive(pid)) ? undefined : true))
    fleet.next = 1
    const first = await one.send('tools/call', { name: 'local_count', arguments: {} })
    assert.match(JSON.stringify(first.response), /stateLost":\{"backend":"local"/)
    const again = await one.send('tools/call', { name: 'local_count', arguments: {} })
    assert.equal(said(again), '2')
    assert.doesNotMatch(JSON.stringify(again.messages), /stateLost/)
  })
})

describe('a replica that stands still for a while', () => {
  let fleet: Fleet
  before(async () => {
    fleet = await startFleet({ count: 2, backends: { local: stdioLab() }, rest: PREFIXED })
  })
  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  it('is fenced when it comes back', async () => {
    fleet.next = 0
    const session = await openSession(fleet.url)
    const idle = await openSession(fleet.url)
    const pid = Number(await callIn(session, 'local_pid'))
    assert.equal(await callIn(session, 'local_count'), '1')
    assert.equal(await callIn(idle, 'local_count'), '1')
    fleet.signal(0, 'SIGSTOP')
    fleet.next = 1
    const first = await session.send('tools/call', { name: 'local_count', arguments: {} })
    assert.match(JSON.stringify(first.response), /stateLost/)
    assert.equal(await callIn(session, 'local_count'), '2')
    fleet.signal(0, 'SIGCONT')
    fleet.next = 0
    assert.equal(await callIn(session, 'local_count'), '3', 'it goes on where the other is')
    assert.equal(await callIn(idle, 'local_count'), '2', 'what nobody took is still its own')
    await until('the end of the process that was taken over', async () =>
      (await isAlive(pid)) ? undefined : true,
    )
  })
})
