import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isJsonObject } from './json.ts'
import { isRawNumber, parseJson } from './parse-json.ts'

const roundTrip = (text: string): string => JSON.stringify(parseJson(text))

describe('parseJson', () => {
  for (const number of [
    '12345678901234567890',
    '9223372036854775807',
    '-9223372036854775808',
    '9007199254740993',
    '1e400',
    '-1e400',
    '1e-400',
    '3.14159265358979323846',
    '0.1000000000000000055511151231257827',
    '123456789012345678901234567890.5e-3',
  ]) {
    it(`keeps ${number}, which a double cannot hold`, () => {
      assert.equal(roundTrip(`{"a":[${number}],"s":"x"}`), `{"a":[${number}],"s":"x"}`)
    })
  }

  for (const number of [
    '0',
    '-0',
    '-0.00',
    '-1',
    '1.0',
    '1e2',
    '0.1',
    '1e23',
    '9007199254740992',
    '5e-324',
  ]) {
    it(`reads ${number} as a number`, () => {
      assert.equal(parseJson(number), Number(number))
      assert.equal(parseJson(` ${number} `), Number(number))
    })
  }

  it('leaves digits in texts alone', () => {
    const text = '{"a":"12345678901234567890","b":"\\"1e400\\\\","c":"\\\\\\"-0","d":1.5}'
    assert.deepEqual(parseJson(text), JSON.parse(text))
  })

  it('tells what it kept from an object that looks the same', () => {
    const kept = parseJson('1e400')
    assert.equal(isRawNumber(kept), true)
    assert.equal(isJsonObject(kept), false)
    assert.equal(isRawNumber({ rawJSON: '1e400' }), false)
  })

  it('keeps a key named __proto__ beside a kept number', () => {
    const text = '{"__proto__":{"polluted":12345678901234567890}}'
    assert.equal(roundTrip(text), text)
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  })

  it('throws SyntaxError for what is not JSON', () => {
    for (const text of ['', '12345678901234567890,', '"1234567890123456', '01', '1e999e', 'NaN']) {
      assert.throws(() => parseJson(text), SyntaxError)
    }
  })

  it('means the same as JSON.parse for whatever JavaScript writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        assert.equal(roundTrip(text), text)
      }),
    )
  })

  it('never changes the value of a number', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,25})(\.\d{1,25})?([eE][+-]?\d{1,3})?$/)
    fc.assert(
      fc.property(digits, (number) => {
        const kept = parseJson(number)
        if (isRawNumber(kept)) assert.equal(JSON.stringify(kept), number)
        else assert.equal(Number(JSON.stringify(kept)) === Number(number), true)
      }),
    )
  })
})
