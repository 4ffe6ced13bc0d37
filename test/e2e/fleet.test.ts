import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startFleet, type Fleet } from '../support/fleet.ts'
import { callIn, stdioLab } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openSession } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

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

describe('a fleet that loses a replica', () => {
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
})
