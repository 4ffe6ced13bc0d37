import { inputRequired, inputResponse, McpServer } from '@modelcontextprotocol/server'
import type { CallToolResult } from '@modelcontextprotocol/server'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

/** What the instances of one backend have seen; instances of 2026-07-28 live for one request only. */
export interface BackendMemory {
  cancelled: number
  announce(): void
}

/** A small real server on the SDK, with one tool for everything a connection has to carry. */
export function createToolServer(memory: BackendMemory): McpServer {
  const server = new McpServer(
    { name: 'tool-server', version: '1.2.3' },
    {
      capabilities: { tools: { listChanged: true }, logging: {} },
      instructions: 'Be kind',
    },
  )
  server.registerTool('echo', { inputSchema: z.object({ message: z.string() }) }, ({ message }) =>
    text(message),
  )
  server.registerTool('fail', {}, () => ({ ...text('it went wrong'), isError: true }))
  server.registerTool(
    'slow',
    { inputSchema: z.object({ steps: z.number(), stepMs: z.number() }) },
    async ({ steps, stepMs }, ctx) => {
      for (let step = 1; step <= steps && !ctx.mcpReq.signal.aborted; step++) {
        await sleep(stepMs)
        const progressToken = ctx.mcpReq._meta?.progressToken
        if (progressToken === undefined) continue
        await ctx.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress: step, total: steps },
        })
      }
      if (ctx.mcpReq.signal.aborted) memory.cancelled++
      return text('done')
    },
  )
  server.registerTool('shout', {}, async (ctx) => {
    await ctx.mcpReq.log('warning', 'loud')
    return text('shouted')
  })
  server.registerTool('ask', {}, (ctx) => {
    const answer = inputResponse(ctx.mcpReq.inputResponses, 'name')
    if (answer.kind === 'elicit') return text(`${answer.action} ${JSON.stringify(answer.content)}`)
    const requestedSchema = {
      type: 'object' as const,
      properties: { name: { type: 'string' as const } },
    }
    return inputRequired({
      inputRequests: { name: inputRequired.elicit({ message: 'Your name?', requestedSchema }) },
    })
  })
  server.registerTool('grow', {}, () => {
    memory.announce()
    return text('grown')
  })
  server.registerTool('cancelled', {}, () => text(String(memory.cancelled)))
  server.registerTool('die', {}, () => process.exit(7))
  server.registerTool('big', { inputSchema: z.object({ bytes: z.number() }) }, ({ bytes }) =>
    text('x'.repeat(bytes)),
  )
  return server
}

export function createMemory(): BackendMemory {
  return { cancelled: 0, announce() {} }
}

function text(value: string): CallToolResult {
  return { content: [{ type: 'text', text: value }] }
}
