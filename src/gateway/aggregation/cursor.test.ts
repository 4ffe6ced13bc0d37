import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createCursorCodec, indexAfter } from './cursor.ts'
import { compareText } from './order.ts'

const codec = createCursorCodec(Buffer.alloc(32, 1))
const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', minLength: 100, maxLength: 600 }),
  fc.constantFrom('', '#', '.', '\ud800'.repeat(300), '"\\\u0000'.repeat(200), 'ä'.repeat(199)),
)

describe('cursors', () => {
  it('lead back to the place they were made for, in at most 512 characters', () => {
    fc.assert(
      fc.property(anyText, fc.array(anyText), (key, others) => {
        const cursor = codec.encode('resources/templates/list', key)
        assert.ok(cursor.length <= 512)
        assert.match(cursor, /^[A-Za-z0-9_.-]+$/)
        const position = codec.decode(cursor)
        assert.equal(position?.method, 'resources/templates/list')
        const keys = [...new Set([key, ...others])].sort(compareText)
        assert.equal(indexAfter(keys, position), keys.indexOf(key) + 1)
      }),
    )
  })

  it('are refused if anything was changed', () => {
    const cursor = codec.encode('tools/list', 'some_tool')
    for (let i = 0; i < cursor.length; i++) {
      const other = cursor[i] === 'A' ? 'B' : 'A'
      const forged = cursor.slice(0, i) + other + cursor.slice(i + 1)
      assert.equal(codec.decode(forged), undefined, forged)
      assert.equal(codec.decode(cursor.slice(0, i)), undefined)
      assert.equal(codec.decode(`${cursor.slice(0, i)}ä${cursor.slice(i + 1)}`), undefined)
    }
    assert.equal(codec.decode(`${cursor}A`), undefined)
    assert.equal(codec.decode(`${cursor}.`), undefined)
  })

  it('are refused if they come from elsewhere', () => {
    const foreign = createCursorCodec(Buffer.alloc(32, 2)).encode('tools/list', 'x')
    for (const value of [foreign, '', '.', 'x'.repeat(600), 7, null, {}, [], true, undefined]) {
      assert.equal(codec.decode(value), undefined)
    }
  })

  it('are refused whatever is sent', () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(codec.decode(text), undefined)))
  })

  it('go on where a key was that has gone', () => {
    const position = codec.decode(codec.encode('tools/list', 'b'))
    assert.ok(position)
    assert.equal(indexAfter(['a', 'c', 'd'], position), 1)
    assert.equal(indexAfter(['a'], position), 1)
  })

  it('leave nothing out where a very long key has gone', () => {
    const common = 'k'.repeat(500)
    const position = codec.decode(codec.encode('tools/list', `${common}b`))
    assert.ok(position)
    assert.equal(indexAfter(['a', `${common}a`, `${common}b`, `${common}c`], position), 3)
    assert.equal(indexAfter(['a', `${common}a`, `${common}c`], position), 1)
  })
})
