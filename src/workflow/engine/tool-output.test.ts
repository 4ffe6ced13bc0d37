import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readToolResult } from './tool-output.ts'

describe('6.8: step results', () => {
  it('takes the structured content for the output, and keeps the content beside it', () => {
    const result = { structuredContent: { n: 1 }, content: [{ type: 'text', text: '{"n":1}' }] }
    assert.deepEqual(readToolResult(result), { output: { n: 1 }, content: { text: '{"n":1}' } })
  })

  it('makes a map of the content else: texts, images, embedded resources by number', () => {
    const content = [
      { type: 'text', text: 'a' },
      { type: 'image', data: 'AA==', mimeType: 'image/png' },
      { type: 'text', text: 'b' },
      { type: 'audio', data: 'BB==', mimeType: 'audio/wav' },
      { type: 'resource', resource: { uri: 'x:1', text: 'one' } },
      { type: 'resource_link', uri: 'x:3', name: 'x' },
      { type: 'resource', resource: { uri: 'x:2', blob: 'Qg==' } },
      { type: 'image', data: 'CC==', mimeType: 'image/png' },
    ]
    assert.deepEqual(readToolResult({ content }), {
      output: {
        text: 'a',
        text_1: 'b',
        image_0: 'AA==',
        image_1: 'CC==',
        resource: 'one',
        resource_1: 'Qg==',
      },
    })
  })

  it('does not parse text that contains JSON', () => {
    const content = [{ type: 'text', text: '{"a":1}' }]
    assert.deepEqual(readToolResult({ content }), { output: { text: '{"a":1}' } })
  })

  it('puts structured content that is no map under `result`', () => {
    const read = readToolResult({ structuredContent: [1, 2], content: [] })
    assert.deepEqual(read, { output: { result: [1, 2] }, content: {} })
  })

  it('says why a tool failed: its first text, else what the structured content says', () => {
    const reason = (rest: object) => readToolResult({ isError: true, ...rest })
    const texts = [
      { type: 'text', text: ' ' },
      { type: 'text', text: 'no such repo' },
    ]
    assert.deepEqual(reason({ content: texts }), { error: 'no such repo' })
    assert.deepEqual(reason({ structuredContent: { message: 'm', error: 'e' } }), { error: 'e' })
    assert.deepEqual(reason({ structuredContent: { message: 'm' } }), { error: 'm' })
    assert.match((reason({ content: [] }) as { error: string }).error, /without saying which/)
  })
})
