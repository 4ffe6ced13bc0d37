import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '../../../telemetry/logger.ts'
import { StderrLog } from './stderr-log.ts'

function setUp() {
  let nowMs = 0
  const said: Record<string, unknown>[] = []
  const log = { ...silentLogger, info: (fields: object) => void said.push({ ...fields }) }
  return {
    stderr: new StderrLog(log, 'b', () => nowMs),
    said,
    advance: (ms: number) => (nowMs += ms),
  }
}

describe('StderrLog', () => {
  it('tells lines whatever the chunks they come in', () => {
    const { stderr, said } = setUp()
    for (const chunk of ['on', 'e\r\ntw', 'o\n\n\nth', 'ree']) stderr.push(Buffer.from(chunk))
    stderr.end()
    assert.deepEqual(said, [
      { backend: 'b', line: 'one' },
      { backend: 'b', line: 'two' },
      { backend: 'b', line: 'three' },
    ])
  })

  it('keeps no more than 8 kB of a line that never ends', () => {
    const { stderr, said } = setUp()
    for (let i = 0; i < 1000; i++) stderr.push(Buffer.alloc(65_536, 'x'))
    stderr.push(Buffer.from('\nnext\n'))
    assert.deepEqual(said, [
      { backend: 'b', line: 'x'.repeat(8192) },
      { backend: 'b', line: 'next' },
    ])
  })

  it('leaves lines out of a flood, says how many, and recovers', () => {
    const { stderr, said, advance } = setUp()
    for (let i = 0; i < 5000; i++) stderr.push(Buffer.from(`${i}\n`))
    assert.equal(said.length, 1000)
    advance(1000)
    stderr.push(Buffer.from('later\n'))
    assert.deepEqual(said.slice(1000), [
      { backend: 'b', lines: 4000 },
      { backend: 'b', line: 'later' },
    ])
  })
})
