import type { Call } from '../mcp/call.ts'
import type { Reply } from '../mcp/reply.ts'

/** What answers a call. */
export type Answer = (call: Call) => Promise<Reply>

/** Something that concerns every call: it may refuse, change, time or record, and hands on to `next`. */
export type Stage = (call: Call, next: Answer) => Promise<Reply>

/** The stages in their order around the router. */
export function throughStages(stages: readonly Stage[], router: Answer): Answer {
  return stages.reduceRight<Answer>((next, stage) => (call) => stage(call, next), router)
}
