import assert from 'node:assert/strict'
import { it } from 'node:test'
import { silentLogger } from '../telemetry/logger.ts'
import { tellOfListening } from './tell-of-listening.ts'

const URL_HERE = 'http://127.0.0.1:4483/mcp'

function told(host: string, type: 'anonymous' | 'local'): string[] {
  const lines: string[] = []
  const note = (fields: object, text: string) =>
    void lines.push(`${(fields as { host: string }).host} ${text}`)
  const log = { ...silentLogger, info: note, warn: note }
  tellOfListening(URL_HERE, { host, config: { incomingAuth: { type } }, log })
  return lines
}

it('warns where everybody may come from other machines, and nowhere else', () => {
  assert.deepEqual(told('127.0.0.1', 'anonymous'), ['127.0.0.1 Listening'])
  assert.deepEqual(told('0.0.0.0', 'local'), ['0.0.0.0 Listening'])
  const [first, warning, ...more] = told('0.0.0.0', 'anonymous')
  assert.equal(first, '0.0.0.0 Listening')
  assert.match(warning ?? '', /may call every tool/)
  assert.deepEqual(more, [])
})
