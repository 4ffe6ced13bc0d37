import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toBytes } from './request-bytes.ts'

const CALL = { method: 'POST', path: '/mcp?a=1', headers: ['a', 'b'], body: '{}' } as const

describe('toBytes', () => {
  it('writes head and body in one piece where the body is ASCII', () => {
    assert.deepEqual(toBytes(CALL, 'host:1'), {
      head: 'POST /mcp?a=1 HTTP/1.1\r\nhost: host:1\r\nconnection: keep-alive\r\na: b\r\ncontent-length: 2\r\n\r\n{}',
      body: undefined,
    })
  })

  it('counts the bytes of a body that is not', () => {
    const { head, body } = toBytes({ ...CALL, body: '"ü€"' }, 'h')
    assert.match(head, /content-length: 7\r\n\r\n$/)
    assert.equal(body, '"ü€"')
  })

  it('says that a POST without a body has none', () => {
    assert.match(toBytes({ ...CALL, body: null }, 'h').head, /content-length: 0\r\n\r\n$/)
    assert.doesNotMatch(toBytes({ ...CALL, method: 'GET', body: null }, 'h').head, /length/)
  })

  it('lets nothing through that would begin another header or request', () => {
    const wrong = [
      { ...CALL, headers: ['a', 'b\r\nc: d'] },
      { ...CALL, headers: ['a', 'b\n'] },
      { ...CALL, headers: ['a: b\r\nc', 'd'] },
      { ...CALL, headers: ['', 'd'] },
      { ...CALL, headers: ['a', '€'] },
      { ...CALL, path: '/a b' },
      { ...CALL, path: '/a\r\nb' },
    ]
    for (const call of wrong)
      assert.throws(() => toBytes(call, 'h'), TypeError, JSON.stringify(call))
  })
})
