import type { Json, JsonObject } from '../../base/json.ts'
import { scanResponse } from '../../mcp/raw-response.ts'
import type { Reply } from '../../mcp/reply.ts'
import { VERSIONS, type ProtocolVersion } from '../../mcp/versions.ts'
import type { Catalogue } from './catalogue.ts'
import { indexAfter, type CursorCodec } from './cursor.ts'

/** Items in one page (vmcp 5.7). */
export const PAGE_SIZE = 1000

export interface ListPagesOptions {
  readonly cursors: CursorCodec
  /** A list result in the words of a legacy version: `downConvertResult`. */
  readonly convert: (method: string, result: JsonObject, version: ProtocolVersion) => JsonObject
  readonly pageSize?: number
}

/** Serves the lists of catalogues, page by page, from bytes that are made once per catalogue and version. */
export interface ListPages {
  /** Undefined: the cursor is none of ours (-32602). `method` must be one of the four lists. */
  page(
    catalogue: Catalogue,
    method: string,
    cursor: Json | undefined,
    version: ProtocolVersion,
  ): Reply | undefined
}

interface Item {
  readonly key: string
  readonly definition: JsonObject
}

const LISTS: Readonly<Record<string, { member: string; items: (catalogue: Catalogue) => Item[] }>> =
  {
    'tools/list': {
      member: 'tools',
      items: (c) => c.tools.map(({ name, definition }) => ({ key: name, definition })),
    },
    'prompts/list': {
      member: 'prompts',
      items: (c) => c.prompts.map(({ name, definition }) => ({ key: name, definition })),
    },
    'resources/list': {
      member: 'resources',
      items: (c) => c.resources.map(({ uri, definition }) => ({ key: uri, definition })),
    },
    'resources/templates/list': {
      member: 'resourceTemplates',
      items: (c) =>
        c.templates.map(({ uriTemplate, definition }) => ({ key: uriTemplate, definition })),
    },
  }

export function createListPages(options: ListPagesOptions): ListPages {
  const { cursors, pageSize = PAGE_SIZE } = options
  const cache = new WeakMap<Catalogue, Map<string, Reply>>()

  function pagesOf(catalogue: Catalogue): Map<string, Reply> {
    let pages = cache.get(catalogue)
    if (pages === undefined) cache.set(catalogue, (pages = new Map()))
    return pages
  }

  function render(
    method: string,
    items: readonly Item[],
    start: number,
    version: ProtocolVersion,
  ): Reply {
    const page = items.slice(start, start + pageSize)
    const last = page.at(-1)
    const isMore = start + pageSize < items.length && last !== undefined
    const whole = {
      [LISTS[method]?.member ?? '']: page.map((item) => item.definition),
      ...(isMore ? { nextCursor: cursors.encode(method, last.key) } : {}),
    }
    const result =
      VERSIONS[version].era === 'legacy' ? options.convert(method, whole, version) : whole
    const response = scanResponse(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 0, result })))
    // Definitions nested deeper than the scanner follows still are a result, only a slower one.
    return typeof response === 'object'
      ? { kind: 'raw', response, saidFor: version }
      : { kind: 'result', result }
  }

  return {
    page(catalogue, method, cursor, version) {
      const list = LISTS[method]
      if (list === undefined) return undefined
      const pages = pagesOf(catalogue)
      const cacheKey = (start: number) => `${method} ${version} ${start}`
      if (cursor === undefined) {
        const first = pages.get(cacheKey(0))
        if (first !== undefined) return first
      }
      const items = list.items(catalogue)
      let start = 0
      if (cursor !== undefined) {
        const position = cursors.decode(cursor)
        if (position?.method !== method) return undefined
        start = indexAfter(
          items.map((item) => item.key),
          position,
        )
      }
      const known = pages.get(cacheKey(start))
      if (known !== undefined) return known
      const reply = render(method, items, start, version)
      // Cursors of an older catalogue may start anywhere; only the regular pages are worth keeping.
      if (start % pageSize === 0) pages.set(cacheKey(start), reply)
      return reply
    },
  }
}
