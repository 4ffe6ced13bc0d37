import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { outgoingHeaders } from './outgoing-headers.ts'

const inject = (headerName: string, headerValue: string) =>
  ({ type: 'header_injection', headerInjection: { headerName, headerValue } }) as const

describe('outgoingHeaders()', () => {
  const auth = {
    default: inject('X-Key', 'all'),
    backends: { own: inject('Authorization', 'Bearer own'), none: { type: 'unauthenticated' } },
  } as const

  it('takes the backend’s entry over the default', () => {
    assert.deepEqual(outgoingHeaders(auth, 'own'), { authorization: 'Bearer own' })
    assert.deepEqual(outgoingHeaders(auth, 'other'), { 'x-key': 'all' })
  })

  it('sends nothing where the entry says unauthenticated or nothing is configured', () => {
    assert.deepEqual(outgoingHeaders(auth, 'none'), {})
    assert.deepEqual(outgoingHeaders({ backends: {} }, 'any'), {})
    assert.deepEqual(outgoingHeaders(auth, 'constructor'), { 'x-key': 'all' })
  })
})
