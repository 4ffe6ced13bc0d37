import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { redact } from './redact.ts'

const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'

describe('redact()', () => {
  it('masks members by their names, at any depth and in any case', () => {
    const line = JSON.stringify({
      headers: { Authorization: 'x', 'set-cookie': 'x', 'X-Api-Key': 'x' },
      deep: [{ clientSecret: 'x', password: 'x\\"y', access_token: 'x' }],
      other: 'stays',
    })
    assert.deepEqual(JSON.parse(redact(line)), {
      headers: {
        Authorization: '[redacted]',
        'set-cookie': '[redacted]',
        'X-Api-Key': '[redacted]',
      },
      deep: [{ clientSecret: '[redacted]', password: '[redacted]', access_token: '[redacted]' }],
      other: 'stays',
    })
  })

  it('masks a member that was cut off', () => {
    assert.equal(redact('{"a":1,"token":"abcdef'), '{"a":1,"token":"[redacted]"')
    assert.equal(redact('{"token":"abc\\'), '{"token":"[redacted]"')
  })

  it('leaves JSON valid where a query ends at a quote', () => {
    for (const text of [
      '<a href="http://h/?code=abc">',
      'x?token=a\\',
      '?token=a"b\\"',
      '?code=a\nb',
    ]) {
      const line = JSON.stringify({ text, nested: JSON.stringify({ text }) })
      assert.doesNotThrow(() => void JSON.parse(redact(line)), line)
      assert.doesNotMatch(redact(line), /=a/)
    }
  })

  it('masks what looks like a credential in any text', () => {
    for (const [text, masked] of [
      ['refused: Authorization: Bearer abcdefgh12345', 'refused: Authorization: Bearer [redacted]'],
      [`got ${JWT} from x`, 'got [redacted] from x'],
      ['key sk-abcdefghijklmnop1234 is old', 'key [redacted] is old'],
      ['GET http://ada:pw@host/x', 'GET http://ada:[redacted]@host/x'],
      [
        'GET http://host/x?a=1&access_token=xyz&b=2',
        'GET http://host/x?a=1&access_token=[redacted]&b=2',
      ],
    ] as const) {
      assert.equal(redact(text), masked)
    }
  })

  it('leaves ordinary lines alone', () => {
    for (const text of [
      '{"level":"info","backend":"files","tools":14,"msg":"Backend is ready"}',
      'http://127.0.0.1:4483/mcp',
      'the bearer of this letter',
      '{"progressToken":7}',
    ]) {
      assert.equal(redact(text), text)
    }
  })

  it('keeps JSON what it is', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        JSON.parse(redact(text))
      }),
    )
  })

  it('is quick on long hostile text', () => {
    const startMs = performance.now()
    for (const text of [
      '"token":"' + '\\'.repeat(50_000),
      'eyJ'.repeat(20_000),
      'a://'.repeat(20_000),
      '"'.repeat(50_000),
      '"' + 'a'.repeat(20_000),
      'a'.repeat(20_000) + '"',
    ]) {
      redact(text)
    }
    assert.ok(performance.now() - startMs < 2_000, `${performance.now() - startMs} ms`)
  })
})
