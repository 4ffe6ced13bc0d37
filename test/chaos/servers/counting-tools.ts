import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { tool, type LabMessage, type LabTool } from '../../support/lab-tools.ts'

/** What one session of a counting server keeps. */
export interface CountingState {
  readonly session: string
  count: number
}

export const COUNTING_TOOLS: readonly LabTool[] = [
  tool('write', 'Has the side effect `id`, after `ms`'),
  tool('count', 'Has the side effect `id`, and counts the calls of this session'),
  tool('look', 'Only looks, for `ms`', { readOnlyHint: true }),
]

/**
 * Runs one of them. A side effect is a line in the ledger, written before the answer: `<id> <process> <session>`. Lines of
 * several processes do not mix, and survive them.
 */
export async function runCountingTool(
  { params = {} }: LabMessage,
  state: CountingState,
  ledger: string,
): Promise<object> {
  const { name = '', arguments: args = {} } = params
  const ms = Number(args['ms'] ?? 0)
  const id = typeof args['id'] === 'string' ? args['id'] : name
  if (ms > 0) await sleep(ms)
  if (name !== 'look') {
    appendFileSync(ledger, `${id} ${process.pid} ${state.session}\n`)
  }
  const said = name === 'count' ? String(++state.count) : id
  return { content: [{ type: 'text', text: said }] }
}

export const COUNTING_INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'counting', version: '1.0.0' },
}
