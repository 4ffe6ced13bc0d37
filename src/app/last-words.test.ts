import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger, type Logger } from '../telemetry/logger.ts'
import { createLastWords } from './last-words.ts'

describe('createLastWords', () => {
  it('remembers the last line of each backend, and hands everything on', () => {
    const heard: object[] = []
    const log: Logger = { ...silentLogger, info: (fields) => void heard.push(fields) }
    const words = createLastWords(log)
    words.log.info({ backend: 'a', line: 'one' }, 'Backend says')
    words.log.info({ backend: 'a', line: 'two' }, 'Backend says')
    words.log.child({ backend: 'b' }).debug({ line: 'x'.repeat(1000) }, 'Backend says')
    words.log.warn({ backend: 'c', code: 3 }, 'Backend process ended')
    assert.equal(words.of('a'), 'two')
    assert.equal(words.of('b')?.length, 301)
    assert.equal(words.of('c'), undefined)
    assert.equal(heard.length, 2)
  })
})
