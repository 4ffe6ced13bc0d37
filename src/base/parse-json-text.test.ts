import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isAppError } from './errors.ts'
import { isDeeperThan, MAX_JSON_DEPTH } from './json-depth.ts'
import { parseJson } from './parse-json.ts'
import { parseJsonText } from './parse-json-text.ts'

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

describe('parseJsonText', () => {
  it('reads what is as deep as it may be', () => {
    assert.equal(isDeeperThan(parseJsonText(nested(MAX_JSON_DEPTH)), MAX_JSON_DEPTH), false)
  })

  it('refuses what is deeper, and says where, however deep it is', () => {
    for (const levels of [MAX_JSON_DEPTH + 1, 5000, 1_000_000]) {
      assert.throws(
        () => parseJsonText(`{"a":\n${nested(levels - 1)}}`),
        (error) =>
          isAppError(error, 'JSON_TOO_DEEP') &&
          error.message ===
            'The JSON is nested more than 512 levels deep at position 517 (line 2 column 512)',
      )
    }
  })

  it('counts what is open at once, and nothing in texts', () => {
    const wide = `[${Array(2000).fill('[{"a":[]}]').join()}]`
    assert.deepEqual(parseJsonText(wide), JSON.parse(wide))
    const text = JSON.stringify([`\\"${'['.repeat(2000)}\\`, '{'.repeat(600), '"'.repeat(2000)])
    assert.deepEqual(parseJsonText(text), JSON.parse(text))
  })

  it('reads like parseJson otherwise, and throws what it throws', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.deepEqual(parseJsonText(text), parseJson(text))
      }),
    )
    for (const wrong of ['', '[', `"${'x'.repeat(3000)}`, `${']'.repeat(3000)}`]) {
      assert.throws(() => parseJsonText(wrong), SyntaxError)
    }
  })
})

describe('isDeeperThan', () => {
  it('counts lists and maps inside of each other', () => {
    assert.equal(isDeeperThan(1, 0), false)
    assert.equal(isDeeperThan([], 0), true)
    assert.equal(isDeeperThan({ a: [1, { b: 2 }] }, 3), false)
    assert.equal(isDeeperThan({ a: [1, { b: 2 }] }, 2), true)
    assert.equal(isDeeperThan(parseJson('[12345678901234567890]'), 1), false)
  })

  it('survives a value of any depth', () => {
    let value: unknown[] = []
    for (let level = 0; level < 100_000; level++) value = [value]
    assert.equal(isDeeperThan(value, 512), true)
  })
})
