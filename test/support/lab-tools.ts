import { setTimeout as sleep } from 'node:timers/promises'

/** A JSON-RPC message, as the hand-written servers of our tests see it. */
export interface LabMessage {
  readonly id?: string | number
  readonly method?: string
  readonly params?: {
    name?: string
    arguments?: Record<string, unknown>
    reason?: string
    _meta?: { progressToken?: string | number }
  }
}

/** What one session of such a server keeps. */
export interface LabState {
  count: number
}

export interface LabTool {
  readonly name: string
  readonly description?: string
  readonly inputSchema: object
  readonly annotations?: Record<string, unknown>
}

export const LAB_TOOLS: readonly LabTool[] = [
  tool('count', 'Counts the calls of this session'),
  tool('wait', 'Waits `ms`; every `progressMs` it says so'),
  tool('write', 'Changes something'),
  tool('look', 'Only looks', { readOnlyHint: true }),
  tool('set', 'Sets something', { idempotentHint: true }),
  tool('fail', 'Answers with an error of the tool'),
]

/** For those who put it beside the others. */
export const SAY_TOOL: LabTool = tool('say', 'Gives back what it was given, in `said`', {
  readOnlyHint: true,
})

export function tool(
  name: string,
  description = name,
  annotations?: Record<string, unknown>,
): LabTool {
  return {
    name,
    description,
    inputSchema: { type: 'object' },
    ...(annotations ? { annotations } : {}),
  }
}

/** The result of one of `LAB_TOOLS`; `notify` sends progress. */
export async function runLabTool(
  { params = {} }: LabMessage,
  state: LabState,
  notify: (method: string, params: object) => void,
): Promise<object> {
  const { name = '', arguments: args = {} } = params
  if (name === 'count') return text(String(++state.count))
  if (name === 'say') {
    return { ...text(JSON.stringify(args)), structuredContent: { said: args } }
  }
  if (name === 'fail') return { ...text('it failed'), isError: true }
  if (name === 'wait') {
    const ms = Number(args['ms'])
    const stepMs = Number(args['progressMs'] ?? ms)
    const progressToken = params._meta?.progressToken
    for (let doneMs = 0; doneMs < ms; doneMs += stepMs) {
      await sleep(Math.min(stepMs, ms - doneMs), undefined, { ref: false })
      if (progressToken === undefined || args['progressMs'] === undefined) continue
      notify('notifications/progress', { progressToken, progress: doneMs + stepMs, total: ms })
    }
  }
  return text(`done ${name}`)
}

export function text(value: string): { content: object[] } {
  return { content: [{ type: 'text', text: value }] }
}

export const LAB_INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: { listChanged: true } },
  serverInfo: { name: 'lab', version: '1.0.0' },
}
