import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { downConvertResult } from '../../mcp/down-convert.ts'
import { parseRawResult } from '../../mcp/raw-response.ts'
import type { Reply } from '../../mcp/reply.ts'
import { buildCatalogue } from './build-catalogue.ts'
import { createCursorCodec } from './cursor.ts'
import { createListPages } from './list-pages.ts'
import { createOffer } from './offer.ts'
import { TRANSPARENT } from './settings.ts'
import { toolNamed, toolsOffer } from './testing/samples.ts'

const cursors = createCursorCodec(Buffer.alloc(32, 1))
const pagesOf = (pageSize?: number) =>
  createListPages({
    cursors,
    convert: downConvertResult,
    ...(pageSize === undefined ? {} : { pageSize }),
  })

const METHODS = [
  ['tools/list', 'tools', 'name'],
  ['prompts/list', 'prompts', 'name'],
  ['resources/list', 'resources', 'uri'],
  ['resources/templates/list', 'resourceTemplates', 'uriTemplate'],
] as const

describe('list pages', () => {
  it('give every item once, whatever the page size', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 30 })
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 12 }), (keys, pageSize) => {
        const catalogue = buildCatalogue(
          [
            createOffer('a', {
              tools: keys.map((key) => toolNamed(key)),
              prompts: keys.map((name) => ({ name })),
              resources: keys.map((uri) => ({ uri })),
              resourceTemplates: keys.map((uriTemplate) => ({ uriTemplate })),
            }),
          ],
          TRANSPARENT,
        )
        const pages = pagesOf(pageSize)
        for (const [method, member, key] of METHODS) {
          const walked: unknown[] = []
          let cursor: string | undefined
          do {
            const result = resultOf(pages.page(catalogue, method, cursor, '2026-07-28'))
            const items = result[member]
            assert.ok(Array.isArray(items) && items.length <= pageSize)
            walked.push(...items.map((item) => isJsonObject(item) && item[key]))
            cursor = result['nextCursor'] as string | undefined
          } while (cursor !== undefined)
          assert.deepEqual(walked, [...keys].sort())
        }
      }),
    )
  })

  it('hold 1000 items by default', () => {
    const names = Array.from({ length: 1001 }, (_, i) => `t${String(i).padStart(4, '0')}`)
    const catalogue = buildCatalogue([toolsOffer('a', names)], TRANSPARENT)
    const result = resultOf(pagesOf().page(catalogue, 'tools/list', undefined, '2025-11-25'))
    assert.equal((result['tools'] as unknown[]).length, 1000)
    assert.equal(typeof result['nextCursor'], 'string')
  })

  it('go on sensibly when the catalogue has changed between two pages', () => {
    const pages = pagesOf(2)
    const before = buildCatalogue([toolsOffer('a', ['a', 'b', 'c', 'd'])], TRANSPARENT)
    const after = buildCatalogue([toolsOffer('a', ['0', 'a', 'c', 'd', 'e'])], TRANSPARENT)
    const { nextCursor } = resultOf(pages.page(before, 'tools/list', undefined, '2025-11-25'))
    const result = resultOf(pages.page(after, 'tools/list', nextCursor, '2025-11-25'))
    assert.deepEqual(
      (result['tools'] as JsonObject[]).map((tool) => tool['name']),
      ['c', 'd'],
    )
  })

  it('are refused with a cursor of another list or of nobody', () => {
    const pages = pagesOf(1)
    const catalogue = buildCatalogue([toolsOffer('a', ['x', 'y'])], TRANSPARENT)
    const { nextCursor } = resultOf(pages.page(catalogue, 'tools/list', undefined, '2026-07-28'))
    assert.equal(pages.page(catalogue, 'prompts/list', nextCursor, '2026-07-28'), undefined)
    for (const cursor of ['', 'x', 1, null, {}]) {
      assert.equal(pages.page(catalogue, 'tools/list', cursor, '2026-07-28'), undefined)
    }
    assert.equal(pages.page(catalogue, 'tools/call', undefined, '2026-07-28'), undefined)
  })

  it('are made once per catalogue and version', () => {
    let converted = 0
    const pages = createListPages({
      cursors,
      pageSize: 2,
      convert: (method, result, version) => {
        converted++
        return downConvertResult(method, result, version)
      },
    })
    const catalogue = buildCatalogue([toolsOffer('a', ['x', 'y', 'z'])], TRANSPARENT)
    const first = pages.page(catalogue, 'tools/list', undefined, '2025-11-25')
    const { nextCursor } = resultOf(first)
    const second = pages.page(catalogue, 'tools/list', nextCursor, '2025-11-25')
    assert.equal(pages.page(catalogue, 'tools/list', undefined, '2025-11-25'), first)
    assert.equal(pages.page(catalogue, 'tools/list', nextCursor, '2025-11-25'), second)
    assert.equal(converted, 2)
    assert.notEqual(pages.page(catalogue, 'tools/list', undefined, '2025-06-18'), first)
    assert.equal(converted, 3)
    pages.page(catalogue, 'tools/list', undefined, '2026-07-28')
    assert.equal(converted, 3)
  })

  it('speak the words of the version and say so', () => {
    const tool = toolNamed('t', {
      title: 'T',
      icons: [],
      outputSchema: { type: 'array' },
      annotations: { readOnlyHint: true },
    })
    const catalogue = buildCatalogue([{ ...toolsOffer('a', []), tools: [tool] }], TRANSPARENT)
    const pages = pagesOf()
    const keys = (version: '2024-11-05' | '2025-06-18' | '2026-07-28') => {
      const reply = pages.page(catalogue, 'tools/list', undefined, version)
      assert.equal(reply?.kind === 'raw' && reply.saidFor, version)
      const [only] = resultOf(reply)['tools'] as JsonObject[]
      return Object.keys(only ?? {})
    }
    assert.deepEqual(keys('2026-07-28'), Object.keys(tool))
    assert.deepEqual(keys('2025-06-18'), ['name', 'inputSchema', 'title', 'annotations'])
    assert.deepEqual(keys('2024-11-05'), ['name', 'inputSchema'])
  })

  it('serve definitions that are nested deeper than the scanner follows', () => {
    let schema: JsonObject = {}
    for (let i = 0; i < 600; i++) schema = { not: schema }
    const tool = toolNamed('t', { outputSchema: schema })
    const catalogue = buildCatalogue([{ ...toolsOffer('a', []), tools: [tool] }], TRANSPARENT)
    const reply = pagesOf().page(catalogue, 'tools/list', undefined, '2026-07-28')
    assert.equal(reply?.kind, 'result')
    assert.deepEqual(resultOf(reply), { tools: [tool] })
  })
})

function resultOf(reply: Reply | undefined): JsonObject {
  if (reply?.kind === 'result') return reply.result
  assert.equal(reply?.kind, 'raw')
  const value = parseRawResult(reply.response)
  assert.ok(isJsonObject(value))
  return value
}
