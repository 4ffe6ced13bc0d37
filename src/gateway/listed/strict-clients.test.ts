import assert from 'node:assert/strict'
import { it } from 'node:test'
import * as v2 from '@modelcontextprotocol/core'
import * as v1 from '@modelcontextprotocol/sdk/types.js'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import fc from 'fast-check'
import type { JsonObject } from '../../base/json.ts'
import { downConvertResult } from '../../mcp/down-convert.ts'
import { resultReply } from '../../mcp/reply.ts'
import { VERSIONS, type ProtocolVersion } from '../../mcp/versions.ts'
import { listAll } from '../list-backend.ts'
import { isZonedTime } from './zoned-time.ts'

const SCHEMAS = {
  'tools/list': [v1.ListToolsResultSchema, v2.ListToolsResultSchema],
  'prompts/list': [v1.ListPromptsResultSchema, v2.ListPromptsResultSchema],
  'resources/list': [v1.ListResourcesResultSchema, v2.ListResourcesResultSchema],
  'resources/templates/list': [
    v1.ListResourceTemplatesResultSchema,
    v2.ListResourceTemplatesResultSchema,
  ],
  'tasks/list': [v1.ListTasksResultSchema, v2.ListTasksResultSchema],
} as const

const validator = new AjvJsonSchemaValidator()

type Method = keyof typeof SCHEMAS

const MEMBERS: Record<Method, string> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'tasks/list': 'tasks',
}

/** The members of these names, each of them there or not. */
function some(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  return fc.record(members, { requiredKeys: [] })
}

/** What may be there, and in the same place anything else. */
function maybe(arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 4, arbitrary },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.constant('\u{fffd}') },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  )
}

const text = maybe(fc.string())
const flag = maybe(fc.boolean())
const number = maybe(fc.oneof(fc.constant(0.5), fc.constant(9)))
const texts = maybe(fc.array(maybe(fc.constantFrom('user', 'assistant', 'a', '48x48'))))
const object = maybe(some({ any: fc.jsonValue() }))
const properties = maybe(
  fc.dictionary(
    fc.constantFrom('a', 'b', '__proto__', 'constructor'),
    maybe(fc.constantFrom<unknown>({ type: 'string' }, { type: 'strng' }, { pattern: '[' })),
  ),
)
const schema = maybe(
  some({
    $schema: text,
    type: maybe(fc.constantFrom('object', ['object', 'null'], 'string')),
    properties,
    required: texts,
    other: fc.jsonValue(),
  }),
)
const icons = maybe(
  fc.array(
    maybe(
      some({ src: text, mimeType: text, sizes: texts, theme: maybe(fc.constantFrom('light')) }),
    ),
  ),
)
const time = maybe(
  fc.constantFrom(
    '2026-02-28T10:00:00Z',
    '2026-02-30T10:00:00Z',
    '2026-01-31',
    '2026-01-31T10:00:00',
    '2024-02-29T10:00:00.5+02:00',
    '2100-02-29T10:00Z',
  ),
)
const annotations = maybe(
  some({
    title: text,
    readOnlyHint: flag,
    destructiveHint: flag,
    idempotentHint: flag,
    openWorldHint: flag,
    audience: texts,
    priority: number,
    lastModified: time,
  }),
)

const items = fc.array(
  maybe(
    some({
      name: text,
      uri: text,
      uriTemplate: text,
      title: text,
      description: text,
      icons,
      _meta: object,
      inputSchema: schema,
      outputSchema: schema,
      annotations,
      execution: maybe(some({ taskSupport: maybe(fc.constantFrom('optional', 'never')) })),
      mimeType: text,
      size: number,
      arguments: maybe(
        fc.array(maybe(some({ name: text, title: text, description: text, required: flag }))),
      ),
      taskId: text,
      status: maybe(fc.constantFrom('working', 'cancelled', 'gone')),
      statusMessage: text,
      createdAt: text,
      lastUpdatedAt: text,
      ttl: number,
      pollInterval: number,
      'com.example/other': fc.jsonValue(),
    }),
  ),
)

/** What clients of a version read, given that a backend lists this. */
async function readOf(
  method: Method,
  listed: unknown[],
  version: ProtocolVersion,
): Promise<JsonObject> {
  const result = { [MEMBERS[method]]: JSON.parse(JSON.stringify(listed)) as never }
  const kept = await listAll(async () => resultReply(result), method)
  const whole = { [MEMBERS[method]]: kept }
  const shown =
    VERSIONS[version].era === 'legacy' ? downConvertResult(method, whole, version) : whole
  return JSON.parse(JSON.stringify(shown)) as JsonObject
}

for (const method of Object.keys(SCHEMAS) as Method[]) {
  const [forV1, forV2] = SCHEMAS[method]
  it(`lets strict clients read ${method}, whatever a backend lists`, async () => {
    await fc.assert(
      fc.asyncProperty(items, async (listed) => {
        // The first official SDK knows the legacy versions.
        const read = await readOf(method, listed, '2025-11-25')
        forV1.parse(read)
        for (const tool of v1.ListToolsResultSchema.safeParse(read).data?.tools ?? []) {
          // It compiles each of them before it gives out the list.
          if (tool.outputSchema) validator.getValidator(tool.outputSchema as JsonObject)
        }
        forV2.parse(await readOf(method, listed, '2025-11-25'))
        forV2.parse(await readOf(method, listed, '2026-07-28'))
      }),
      { numRuns: 100 },
    )
  })
}

it('judges times as strict clients do', () => {
  const digits = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'))
  const times = fc
    .tuple(fc.integer({ min: 0, max: 9999 }), digits, digits, digits, digits)
    .map(([year, month, day, hour, minute]) => {
      const date = `${String(year).padStart(4, '0')}-${month}-${day}`
      return `${date}T${hour}:${minute}:00Z`
    })
  fc.assert(
    fc.property(
      fc.oneof(
        times,
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      ),
      (value) => {
        const { success } = v1.AnnotationsSchema.safeParse({ lastModified: value })
        assert.equal(isZonedTime(value), success, value)
      },
    ),
    { numRuns: 2_000 },
  )
})
