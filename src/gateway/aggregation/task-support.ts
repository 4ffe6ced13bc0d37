import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts'
import type { BackendOffer, ToolDefinition } from './offer.ts'

/**
 * True for a tool that its backend runs as a task or not at all (2025-11-25 tasks, "Tool-level negotiation"). What a tool says
 * counts only where the backend itself declares tasks of tools.
 */
export function needsTask(offer: BackendOffer, tool: ToolDefinition): boolean {
  return (
    offer.era === 'legacy' &&
    member(tool['execution'], 'taskSupport') === 'required' &&
    member(
      member(member(offer.description?.capabilities['tasks'], 'requests'), 'tools'),
      'call',
    ) !== undefined
  )
}

/** The same tool as clients may call it: with a task or without, as the gateway makes the task for who asks for none. */
export function withTaskOptional(tool: ToolDefinition): ToolDefinition {
  const execution = tool['execution'] as JsonObject
  return { ...tool, execution: { ...execution, taskSupport: 'optional' } }
}

function member(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) ? value[key] : undefined
}
