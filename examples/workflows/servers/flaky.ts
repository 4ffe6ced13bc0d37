import { McpServer } from '@modelcontextprotocol/server'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

/**
 * A warehouse that is often busy: for each item the first FAILURES tries (2 unless the environment says otherwise) fail,
 * the next one works, and then it starts over. Items it does not know fail always.
 */
const STOCK: Readonly<Record<string, number>> = { bread: 12, lemons: 40, 'olive oil': 3 }
const failures = Number(process.env['FAILURES'] ?? 2)
const tries = new Map<string, number>()

const server = new McpServer({ name: 'warehouse', version: '1.0.0' })
server.registerTool(
  'get_stock',
  {
    description: 'How many of an item are there',
    inputSchema: z.object({ item: z.string() }),
    outputSchema: z.object({ item: z.string(), count: z.number().int(), tries: z.number().int() }),
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  ({ item }) => {
    const count = STOCK[item]
    if (count === undefined) return failed(`no such item: ${item}`)
    const tried = (tries.get(item) ?? 0) + 1
    tries.set(item, tried > failures ? 0 : tried)
    if (tried <= failures) return failed('the warehouse is busy, try again')
    const stock = { item, count, tries: tried }
    return { content: [{ type: 'text', text: JSON.stringify(stock) }], structuredContent: stock }
  },
)
await server.connect(new StdioServerTransport())

function failed(text: string) {
  return { isError: true, content: [{ type: 'text' as const, text }] }
}
