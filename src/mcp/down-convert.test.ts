import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import { downConvertRaw, downConvertResult } from './down-convert.ts'
import { scanResponse } from './raw-response.ts'
import type { ProtocolVersion } from './versions.ts'

const tool = {
  name: 't',
  title: 'T',
  icons: [],
  annotations: { readOnlyHint: true },
  execution: { taskSupport: 'optional' },
  inputSchema: { type: 'object' },
  outputSchema: { type: 'object' },
}

function membersOf(version: ProtocolVersion, item: JsonObject = tool): string[] {
  const { tools } = downConvertResult('tools/list', { tools: [item] }, version)
  return Object.keys((tools as JsonObject[])[0]!)
}

function raw(result: unknown): Parameters<typeof downConvertRaw>[1] {
  const scanned = scanResponse(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result })))
  assert.ok(typeof scanned === 'object')
  return scanned
}

describe('down-conversion', () => {
  it('takes out of lists what a version does not know', () => {
    assert.deepEqual(membersOf('2025-11-25'), Object.keys(tool))
    assert.deepEqual(membersOf('2025-06-18'), [
      'name',
      'title',
      'annotations',
      'inputSchema',
      'outputSchema',
    ])
    assert.deepEqual(membersOf('2025-03-26'), ['name', 'annotations', 'inputSchema'])
    assert.deepEqual(membersOf('2024-11-05'), ['name', 'inputSchema'])
    const modern = { name: 't', inputSchema: {}, outputSchema: { type: 'string' } }
    assert.deepEqual(membersOf('2025-11-25', modern), ['name', 'inputSchema'])
  })

  it('has objects where legacy versions know no other schemas', () => {
    const inputSchema = { type: 'object', properties: { a: true, b: false, c: { type: 'null' } } }
    const { tools } = downConvertResult(
      'tools/list',
      { tools: [{ name: 't', inputSchema, outputSchema: inputSchema }] },
      '2025-11-25',
    )
    const plain = { type: 'object', properties: { a: {}, b: { not: {} }, c: { type: 'null' } } }
    assert.deepEqual(tools, [{ name: 't', inputSchema: plain, outputSchema: plain }])
  })

  it('keeps the meaning of structured content in text', () => {
    const result = { content: [], structuredContent: { a: 1 } }
    assert.equal(downConvertResult('tools/call', result, '2025-06-18'), result)
    assert.deepEqual(downConvertResult('tools/call', result, '2025-03-26'), {
      content: [{ type: 'text', text: '{"a":1}' }],
    })
    const twin = { content: [{ type: 'text', text: 'one' }], structuredContent: [1] }
    assert.deepEqual(downConvertResult('tools/call', twin, '2025-11-25'), {
      content: [{ type: 'text', text: 'one' }],
    })
  })

  it('turns links and audio into text', () => {
    const link = { type: 'resource_link', uri: 'a://b', name: 'B' }
    const audio = { type: 'audio', data: '', mimeType: 'audio/wav' }
    const text = (value: string): JsonObject => ({ type: 'text', text: value })
    assert.deepEqual(
      downConvertResult('tools/call', { content: [link, audio] }, '2025-03-26')['content'],
      [text('B: a://b'), audio],
    )
    const prompt = { messages: [{ role: 'user', content: audio }] }
    const converted = downConvertResult('prompts/get', prompt, '2024-11-05')
    assert.match(JSON.stringify(converted), /audio \(audio\/wav\) left out/)
  })

  it('parses bytes only if there is something to take out', () => {
    const plain = raw({ content: [{ type: 'text', text: 'structuredContent' }] })
    assert.equal(downConvertRaw('tools/call', plain, '2024-11-05'), undefined)
    const structured = raw({ content: [], structuredContent: { a: 1 }, resultType: 'complete' })
    assert.equal(downConvertRaw('tools/call', structured, '2025-11-25'), undefined)
    assert.deepEqual(downConvertRaw('tools/call', structured, '2025-03-26'), {
      content: [{ type: 'text', text: '{"a":1}' }],
    })
    const odd = raw({ content: [], structuredContent: 5 })
    assert.deepEqual(downConvertRaw('tools/call', odd, '2025-11-25'), {
      content: [{ type: 'text', text: '5' }],
    })
    assert.equal(downConvertRaw('tools/call', odd, '2026-07-28'), undefined)
  })
})
