import { scanResponse } from '../../mcp/raw-response.ts'
import type { Reply } from '../../mcp/reply.ts'
import type { Catalogue } from './catalogue.ts'
import { shortKey, type CursorCodec } from './cursor.ts'
import { compareText } from './order.ts'

/** Items in one page (vmcp 5.7). */
export const PAGE_SIZE = 1000

interface Item {
  readonly key: string
  readonly definition: object
}

/** Serves the lists of catalogues, page by page, from bytes that are made once per catalogue. */
export interface ListPages {
  /** Undefined: the cursor is none of ours (-32602). `method` must be one of the four lists. */
  page(catalogue: Catalogue, method: string, cursor: unknown): Reply | undefined
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

export function createListPages(cursors: CursorCodec, pageSize = PAGE_SIZE): ListPages {
  const firstPages = new WeakMap<Catalogue, Map<string, Reply>>()

  function render(
    catalogue: Catalogue,
    method: string,
    after: string | undefined,
  ): Reply | undefined {
    const list = LISTS[method]
    if (list === undefined) return undefined
    const items = list.items(catalogue)
    const start = after === undefined ? 0 : indexAfter(items, after)
    const page = items.slice(start, start + pageSize)
    const last = page.at(-1)
    const isMore = start + pageSize < items.length && last !== undefined
    const result = {
      [list.member]: page.map((item) => item.definition),
      ...(isMore ? { nextCursor: cursors.encode({ method, after: last.key }) } : {}),
    }
    const bytes = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 0, result }))
    const response = scanResponse(bytes)
    // Definitions nested deeper than the scanner follows still are a result, only a slower one.
    return typeof response === 'object'
      ? { kind: 'raw', response }
      : { kind: 'result', result: JSON.parse(JSON.stringify(result)) }
  }

  return {
    page(catalogue, method, cursor) {
      if (cursor !== undefined) {
        const position = cursors.decode(cursor)
        return position?.method === method ? render(catalogue, method, position.after) : undefined
      }
      let pages = firstPages.get(catalogue)
      if (pages === undefined) firstPages.set(catalogue, (pages = new Map()))
      let page = pages.get(method)
      if (page === undefined) {
        page = render(catalogue, method, undefined)
        if (page !== undefined) pages.set(method, page)
      }
      return page
    },
  }
}

/** Keyset paging: goes on behind the last key even if that item is gone by now. A hashed key must still be there. */
function indexAfter(items: readonly Item[], after: string): number {
  if (after.startsWith('#')) {
    const index = items.findIndex((item) => shortKey(item.key) === after)
    return index < 0 ? 0 : index + 1
  }
  const index = items.findIndex((item) => compareText(item.key, after) > 0)
  return index < 0 ? items.length : index
}
