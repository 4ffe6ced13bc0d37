import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SseParser } from './sse-parser.ts'

type Seen = [kind: string, ...values: unknown[]]

describe('SseParser', () => {
  it('gives the same events however the stream is cut', () => {
    const text = fc.stringMatching(/^[^\r\n\0]*$/)
    const event = fc.record({
      data: fc.array(text, { minLength: 1, maxLength: 3 }),
      name: fc.option(fc.stringMatching(/^[a-z]+$/), { nil: undefined }),
      id: fc.option(fc.stringMatching(/^[a-z0-9]+$/), { nil: undefined }),
      retry: fc.option(fc.nat(9999), { nil: undefined }),
      comment: fc.option(text, { nil: undefined }),
    })
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
    fc.assert(
      fc.property(fc.array(event), lineEnd, fc.array(fc.nat(20)), (events, end, cuts) => {
        const lines = events.flatMap(({ data, name, id, retry, comment }) => [
          ...(comment === undefined ? [] : [`:${comment}`]),
          ...(id === undefined ? [] : [`id: ${id}`]),
          ...(retry === undefined ? [] : [`retry:${retry}`]),
          ...(name === undefined ? [] : [`event: ${name}`]),
          ...data.map((each) => `data: ${each}`),
          '',
        ])
        const bytes = Buffer.from(lines.map((line) => line + end).join(''))
        const expected = events.flatMap(({ data, name, id, retry }): Seen[] => {
          const joined = data.join('\n')
          return [
            ...(id === undefined ? [] : [['id', id] as Seen]),
            ...(retry === undefined ? [] : [['retry', retry] as Seen]),
            ...(joined === '' ? [] : [['event', joined, name ?? ''] as Seen]),
          ]
        })
        assert.deepEqual(parse(bytes, cuts), expected)
        assert.deepEqual(parse(bytes, Array<number>(bytes.length).fill(1)), expected)
      }),
    )
  })

  it('never fails on any bytes, and says the same of them however they are cut', () => {
    const junk = fc.array(
      fc.constantFrom('data', ':', ' ', '\n', '\r', 'x', 'id', 'retry', '1', '\0', '\ufeff', 'é'),
    )
    fc.assert(
      fc.property(junk, fc.array(fc.nat(5)), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''))
        assert.deepEqual(parse(bytes, cuts), parse(bytes, []))
      }),
    )
  })

  it('skips a byte order mark, and reports the id of a priming event', () => {
    assert.deepEqual(parse(Buffer.from('\ufeffid: 7\nretry: 500\ndata:\n\n'), [1]), [
      ['id', '7'],
      ['retry', 500],
    ])
  })

  it('drops an event whose blank line never came', () => {
    assert.deepEqual(parse(Buffer.from('data: a\n\ndata: b\n'), []), [['event', 'a', '']])
  })

  it('removes one space after the colon only', () => {
    assert.deepEqual(parse(Buffer.from('data:  a\n\ndata:b\n\n'), []), [
      ['event', ' a', ''],
      ['event', 'b', ''],
    ])
  })

  it('gives up once an event exceeds the limit, in one line or many', () => {
    assert.deepEqual(parse(Buffer.from('data: 12345678901\n\ndata: a\n\n'), [], 12), [['too long']])
    const lines = parse(Buffer.from('data: 1\n'.repeat(9) + '\n'), [3], 12)
    assert.deepEqual(lines, [['too long']])
  })
})

function parse(bytes: Buffer, cuts: number[], maxBytes = 1_000_000): Seen[] {
  const seen: Seen[] = []
  const parser = new SseParser(
    {
      onEvent: (data, event) => void seen.push(['event', data.toString('utf8'), event]),
      onId: (id) => void seen.push(['id', id]),
      onRetry: (retryMs) => void seen.push(['retry', retryMs]),
      onTooLong: () => void seen.push(['too long']),
    },
    maxBytes,
  )
  let at = 0
  for (const length of cuts) parser.push(bytes.subarray(at, (at += length)))
  parser.push(bytes.subarray(at))
  return seen
}
