import { isJsonObject, type JsonObject } from '../base/json.ts'
import { parseRawResult } from '../mcp/raw-response.ts'
import type { Reply } from '../mcp/reply.ts'
import { METHOD_NOT_FOUND } from '../mcp/rpc-codes.ts'
import { gatewayErrors } from './errors.ts'
import { prompt, resource, resourceTemplate, task, tool } from './listed/item-shapes.ts'
import { mendListed, type MalformedItem } from './listed/mend-listed.ts'
import type { Shape } from './listed/shapes.ts'

/** Lists beyond any of these are refused: nobody has them in earnest, but a backend may never come to an end. */
export interface ListBounds {
  readonly maxPages: number
  readonly maxItems: number
  /** Of the answers, as they came. */
  readonly maxBytes: number
  readonly maxMs: number
}

const BOUNDS: ListBounds = {
  maxPages: 10_000,
  maxItems: 20_000,
  maxBytes: 64 * 1024 * 1024,
  maxMs: 60_000,
}

/** The member of the result that holds the items, the member that names one, and what an item must look like. */
const SHAPES: Readonly<Record<string, { items: string; key: string; shape: Shape }>> = {
  'tools/list': { items: 'tools', key: 'name', shape: tool },
  'prompts/list': { items: 'prompts', key: 'name', shape: prompt },
  'resources/list': { items: 'resources', key: 'uri', shape: resource },
  'resources/templates/list': {
    items: 'resourceTemplates',
    key: 'uriTemplate',
    shape: resourceTemplate,
  },
  'tasks/list': { items: 'tasks', key: 'taskId', shape: task },
}

/**
 * All items of a list, following `nextCursor` to its end; the empty string is a cursor like any other. Malformed items are
 * mended or left out, and told of. A backend without the method has no items. Rejects with GATEWAY_LIST_FAILED, or with
 * what `request` rejects with.
 */
export async function listAll(
  request: (method: string, params: JsonObject) => Promise<Reply>,
  method: string,
  {
    bounds = BOUNDS,
    onMalformed = () => {},
  }: { bounds?: ListBounds; onMalformed?: (item: MalformedItem) => void } = {},
): Promise<JsonObject[]> {
  const shape = SHAPES[method]
  if (shape === undefined) throw gatewayErrors.LIST_FAILED({ method, reason: 'not a list' })
  const all: JsonObject[] = []
  const seen = new Set<string>()
  const startMs = performance.now()
  let cursor: string | undefined
  let bytes = 0
  let listed = 0
  for (let page = 0; page < bounds.maxPages; page++) {
    const reply = await request(method, cursor === undefined ? {} : { cursor })
    if (reply.kind === 'error' && reply.error.code === METHOD_NOT_FOUND && page === 0) return []
    const result = resultOf(reply, method)
    if (reply.kind === 'raw') bytes += reply.response.bytes.length
    const items = result[shape.items]
    if (!Array.isArray(items)) {
      throw gatewayErrors.LIST_FAILED({
        method,
        reason: `the result has no array "${shape.items}"`,
      })
    }
    for (const item of items) {
      const kept = mendListed(item, { ...shape, position: listed++ }, onMalformed)
      if (kept !== undefined) all.push(kept)
    }
    const tooMuch = excess(bounds, listed, bytes, performance.now() - startMs)
    if (tooMuch !== undefined) throw gatewayErrors.LIST_FAILED({ method, reason: tooMuch })
    const next = result['nextCursor']
    if (typeof next !== 'string') return all
    if (seen.has(next)) {
      throw gatewayErrors.LIST_FAILED({
        method,
        reason: `the cursor ${JSON.stringify(next.slice(0, 100))} came twice`,
      })
    }
    seen.add(next)
    cursor = next
  }
  throw gatewayErrors.LIST_FAILED({ method, reason: `more than ${bounds.maxPages} pages` })
}

function excess(bounds: ListBounds, items: number, bytes: number, ms: number): string | undefined {
  if (items > bounds.maxItems) return `more than ${bounds.maxItems} items`
  if (bytes > bounds.maxBytes) return `more than ${bounds.maxBytes} bytes`
  return ms > bounds.maxMs ? `no end within ${bounds.maxMs} ms` : undefined
}

function resultOf(reply: Reply, method: string): JsonObject {
  if (reply.kind === 'result') return reply.result
  if (reply.kind === 'raw') {
    const value = parseRawResult(reply.response)
    if (isJsonObject(value)) return value
  }
  const reason = reply.kind === 'error' ? reply.error.message : 'not a result'
  throw gatewayErrors.LIST_FAILED({ method, reason })
}
