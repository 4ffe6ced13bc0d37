import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mcpLikeError } from './testing/errors.ts'
import { createLogger } from './create-logger.ts'

function setUp(format: 'json' | 'pretty') {
  const lines: string[] = []
  const log = createLogger({
    level: 'info',
    format,
    destination: { write: (line) => void lines.push(line) },
  })
  return { log, lines }
}

describe('createLogger()', () => {
  it('writes one object per line, with the fields of its parents', () => {
    const { log, lines } = setUp('json')
    log.child({ backend: 'b' }).info({ tools: 3 }, 'Backend is ready')
    log.debug({}, 'too fine')
    const { time, ...line } = JSON.parse(lines[0]!)
    assert.deepEqual(line, { level: 'info', backend: 'b', tools: 3, msg: 'Backend is ready' })
    assert.match(time, /^\d{4}-\d\d-\d\dT/)
    assert.equal(lines.length, 1)
  })

  it('never writes secrets', () => {
    const { log, lines } = setUp('json')
    log.warn({ headers: { authorization: 'Bearer abc' }, token: 'abc', password: 'abc' }, 'Refused')
    assert.doesNotMatch(lines[0]!, /abc/)
  })

  it('writes lines for people', () => {
    const { log, lines } = setUp('pretty')
    log
      .child({ backend: 'b' })
      .warn({ url: 'http://x', text: 'two words', err: mcpLikeError() }, 'Backend is away')
    assert.match(
      lines[0]!,
      /^\d\d:\d\d:\d\d warn  \[b\] Backend is away url=http:\/\/x text="two words" \(no route\)\n$/,
    )
  })
})
