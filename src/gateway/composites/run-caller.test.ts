import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LEGACY_CLIENT, makeCall, MODERN_CLIENT } from '../testing/fake-backend.ts'
import { callerOf, fromCallerRecord, toCallerRecord } from './run-caller.ts'

describe('the caller of a run', () => {
  it('comes back from the journal, without credentials', () => {
    const client = { ...MODERN_CLIENT, info: { name: 'editor', version: '1' } }
    const principal = {
      kind: 'oidc',
      binding: 'https://idp\0ada',
      name: 'Ada',
      claims: { email: 'ada@example.com' },
    } as const
    const caller = callerOf(
      makeCall({ client, principal, headers: { authorization: 'Bearer secret' } }),
    )
    const record = toCallerRecord(caller)
    assert.doesNotMatch(JSON.stringify(record), /secret|example\.com/)
    assert.deepEqual(fromCallerRecord(JSON.parse(JSON.stringify(record))), {
      principal: { kind: 'oidc', binding: 'https://idp\0ada', name: 'Ada' },
      client,
    })
  })

  it('comes back with the id of its session', () => {
    const session = {
      id: 's1',
      principal: { kind: 'anonymous', binding: 'unauthenticated' },
      client: LEGACY_CLIENT,
      channel: undefined,
      inFlight: 0,
    } as const
    assert.equal(fromCallerRecord(toCallerRecord(callerOf(makeCall({ session }))))?.session, 's1')
  })

  it('is nobody where the record is not understood', () => {
    assert.equal(fromCallerRecord({}), undefined)
    assert.equal(
      fromCallerRecord({ principal: { kind: 'x', binding: 'y' }, client: {} }),
      undefined,
    )
  })

  it('keeps the trace of the request', () => {
    const params = { _meta: { traceparent: '00-a-b-01', vendor: 1 } }
    assert.deepEqual(callerOf(makeCall({ params })).trace, { traceparent: '00-a-b-01' })
    assert.equal(callerOf(makeCall({})).trace, undefined)
  })
})
