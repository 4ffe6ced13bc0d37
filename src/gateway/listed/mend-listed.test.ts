import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../../base/json.ts'
import { parseJson } from '../../base/parse-json.ts'
import { resultReply } from '../../mcp/reply.ts'
import { listAll } from '../list-backend.ts'
import type { MalformedItem } from './mend-listed.ts'

const MEMBERS: Record<string, string> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
}

async function mended(method: string, items: Json[]) {
  const malformed: MalformedItem[] = []
  const kept = await listAll(async () => resultReply({ [MEMBERS[method] ?? '']: items }), method, {
    onMalformed: (item) => malformed.push(item),
  })
  return { kept, malformed }
}

async function mendedTool(members: JsonObject): Promise<JsonObject | undefined> {
  const { kept } = await mended('tools/list', [{ name: 't', ...members }])
  return kept[0]
}

const inputSchema = { type: 'object' }

describe('what a backend lists', () => {
  it('stays as it is where the protocol allows it, what we do not know included', async () => {
    const icons = [{ src: 'x:y', sizes: ['any'], theme: 'dark', 'com.example/a': null }]
    const whole = parseJson(`{
      "name": "", "title": "T", "description": "", "icons": ${JSON.stringify(icons)},
      "_meta": { "a": null, "b": 12345678901234567890 }, "com.example/x": [null],
      "inputSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": [],
        "properties": { "a": true, "__proto__": {}, "b": { "maximum": 12345678901234567890 } }
      },
      "outputSchema": { "type": "array" },
      "annotations": { "readOnlyHint": false, "title": "", "com.example/z": 1 },
      "execution": { "taskSupport": "optional", "x": null }
    }`) as JsonObject
    const { kept, malformed } = await mended('tools/list', [whole])
    assert.equal(kept[0], whole)
    assert.deepEqual(malformed, [])
    const annotations = {
      audience: ['user'],
      priority: 1,
      lastModified: '2024-02-29T10:00:00+02:00',
    }
    const resource = parseJson(`{ "uri": "", "name": "n", "size": 12345678901234567890,
      "annotations": ${JSON.stringify(annotations)} }`) as JsonObject
    assert.equal((await mended('resources/list', [resource])).kept[0], resource)
    const prompt = { name: 'p', arguments: [{ name: 'a', title: 'A', required: true, x: null }] }
    assert.equal((await mended('prompts/list', [prompt])).kept[0], prompt)
  })

  it('loses members that are not as they must be, and says which', async () => {
    const { kept, malformed } = await mended('tools/list', [
      {
        name: 't',
        title: null,
        description: 5,
        inputSchema,
        outputSchema: null,
        annotations: { readOnlyHint: 'true', idempotentHint: true },
        icons: [{ src: 'x:y', theme: 'pink' }, { theme: 'dark' }],
        execution: 'x',
        _meta: [],
        other: null,
      },
    ])
    assert.deepEqual(kept, [
      {
        name: 't',
        inputSchema,
        annotations: { idempotentHint: true },
        icons: [{ src: 'x:y' }],
        other: null,
      },
    ])
    assert.deepEqual(malformed, [
      {
        subject: 't',
        isKept: true,
        faults:
          'title must be a string, description must be a string, icons.0.theme must be "light" or "dark", ' +
          'icons.1.src is missing, _meta must be an object, and 3 more',
      },
    ])
  })

  it('loses an output schema that clients cannot compile', async () => {
    const outputSchema = { type: 'object', properties: { a: { $ref: '#/$defs/gone' } } }
    const { kept, malformed } = await mended('tools/list', [
      { name: 't', inputSchema, outputSchema },
    ])
    assert.deepEqual(kept, [{ name: 't', inputSchema }])
    assert.match(malformed[0]?.faults ?? '', /outputSchema refers to "#\/\$defs\/gone"/)
  })

  it('gets what must be there, as far as it can be told', async () => {
    for (const given of [
      undefined,
      null,
      [],
      true,
      {},
      { type: null },
      { type: ['object', 'null'] },
    ]) {
      const members = given === undefined ? {} : { inputSchema: given }
      assert.deepEqual(await mendedTool(members), { name: 't', inputSchema })
    }
    const properties = { a: null, b: { type: 'string' } }
    assert.deepEqual(await mendedTool({ inputSchema: { properties, required: 'a' } }), {
      name: 't',
      inputSchema: { type: 'object', properties: { a: {}, b: { type: 'string' } } },
    })
    const templates = await mended('resources/templates/list', [
      { uriTemplate: 'x://{a}', name: 1 },
    ])
    assert.deepEqual(templates.kept, [{ uriTemplate: 'x://{a}', name: 'x://{a}' }])
    assert.deepEqual((await mended('resources/list', [{ uri: 'x://1' }])).kept, [
      { uri: 'x://1', name: 'x://1' },
    ])
  })

  it('is left out where it cannot be mended, and named', async () => {
    const items = [{ name: 'a', inputSchema: { type: 'string' } }, { inputSchema }, null, 'x', []]
    const { kept, malformed } = await mended('tools/list', items)
    assert.deepEqual(kept, [])
    assert.deepEqual(
      malformed.map(({ subject, isKept, faults }) => [subject, isKept, faults]),
      [
        ['a', false, 'inputSchema.type must be "object"'],
        ['at place 2', false, 'name is missing'],
        ['at place 3', false, 'it must be an object'],
        ['at place 4', false, 'it must be an object'],
        ['at place 5', false, 'it must be an object'],
      ],
    )
    const prompts = await mended('prompts/list', [
      { name: 'p', arguments: [{ x: 1 }, { name: 'a' }] },
    ])
    assert.deepEqual(prompts.kept, [{ name: 'p', arguments: [{ name: 'a' }] }])
  })
})
