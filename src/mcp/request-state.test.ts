import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../base/json.ts'
import { createRequestStateCodec, paramsDigest } from './request-state.ts'

const key = Buffer.alloc(32, 1)
const binding = { principal: 'iss\u0000sub', method: 'tools/call', digest: 'd' }

describe('request states', () => {
  it('come back with kind and payload, and are never the same twice', () => {
    const codec = createRequestStateCodec(key, () => 0)
    const sealed = codec.seal('relay', binding, { state: 'ü"\\' }, 10)
    assert.deepEqual(codec.open(sealed, binding), { kind: 'relay', payload: { state: 'ü"\\' } })
    assert.notEqual(codec.seal('relay', binding, { state: 'ü"\\' }, 10), sealed)
    assert.match(sealed, /^[\w-]+$/)
  })

  it('expire', () => {
    let nowMs = 0
    const codec = createRequestStateCodec(key, () => nowMs)
    const sealed = codec.seal('flight', binding, {}, 10)
    nowMs = 9
    assert.ok(codec.open(sealed, binding))
    nowMs = 10
    assert.equal(codec.open(sealed, binding), undefined)
  })

  it('are void for another person, method, request, key or kind', () => {
    const codec = createRequestStateCodec(key, () => 0)
    const sealed = codec.seal('flight', binding, {}, 10)
    for (const other of [{ principal: 'x' }, { method: 'prompts/get' }, { digest: 'e' }]) {
      assert.equal(codec.open(sealed, { ...binding, ...other }), undefined)
    }
    const stranger = createRequestStateCodec(Buffer.alloc(32, 2), () => 0)
    assert.equal(stranger.open(sealed, binding), undefined)
    assert.equal(codec.open(`r${sealed.slice(1)}`, binding), undefined)
    assert.throws(() => createRequestStateCodec(Buffer.alloc(16), () => 0), TypeError)
  })

  it('are void if a single character is changed, added or missing', () => {
    const codec = createRequestStateCodec(key, () => 0)
    const sealed = codec.seal('flight', binding, { flight: 'abc', round: 1 }, 10)
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.string({ maxLength: 2 }), (at, text) => {
        const changed = sealed.slice(0, at) + text + sealed.slice(at + 1)
        if (changed !== sealed) assert.equal(codec.open(changed, binding), undefined)
      }),
    )
    fc.assert(
      fc.property(fc.string(), (text) => assert.equal(codec.open(text, binding), undefined)),
    )
  })
})

describe('the digest of params', () => {
  it('is the same for the same request, whatever the order of its keys', () => {
    const value = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<JsonObject>
    const reversed = (object: JsonObject): JsonObject =>
      Object.fromEntries(Object.entries(object).reverse())
    fc.assert(
      fc.property(value, (params) => {
        assert.equal(paramsDigest(reversed(params)), paramsDigest(params))
      }),
    )
  })

  it('does not depend on `_meta` and the members of a retry, but on everything else', () => {
    const params = { name: 'a', arguments: { x: [1, { y: null }] } }
    const retry = { ...params, _meta: { a: 1 }, inputResponses: {}, requestState: 's' }
    assert.equal(paramsDigest(retry), paramsDigest(params))
    assert.notEqual(paramsDigest({ ...params, name: 'b' }), paramsDigest(params))
    assert.notEqual(paramsDigest({ ...params, arguments: { x: [] } }), paramsDigest(params))
    assert.notEqual(paramsDigest({ a: { b: 1 }, c: 2 }), paramsDigest({ a: { b: 1, c: 2 } }))
  })
})
