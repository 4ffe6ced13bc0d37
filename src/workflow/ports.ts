import type { Cancellation } from '../base/cancellation.ts'
import type { Now } from '../base/clock.ts'
import type { JsonObject } from '../base/json.ts'
import type { InputRequest } from '../mcp/messages.ts'
import type { RunJournal } from './journal.ts'
import type { RunEvent } from './run-events.ts'

/** What a run needs of the gateway, on behalf of the one who called the composite tool. */
export interface CallerPorts {
  /**
   * One `tools/call` of a step, through the gateway's stages and router: a parsed CallToolResult. Rejects with an AppError;
   * where the request may have been executed nevertheless, its `details.ran` is `unknown`. Rejects soon after cancellation.
   */
  readonly call: (call: StepCall) => Promise<JsonObject>
  /** What is known of a step's tool at this moment; undefined: there is no such tool. */
  readonly tool: (name: string) => StepTool | undefined
  /**
   * Asks the caller: an `ElicitResult`. Rejects with MCP_QUESTION_EXPIRED, MCP_CLIENT_CANNOT_ANSWER or MCP_CALL_CANCELLED.
   * After a restart the same question comes again under the same key.
   */
  readonly ask: (question: StepQuestion) => Promise<JsonObject>
  /**
   * Steps and iterations done, of how many: at first when the run begins. `total` grows when a loop learns its size, which may be
   * told without more being done. Never throws.
   */
  readonly progress: (done: number, total: number, message: string) => void
}

/** Everything a run touches. */
export interface WorkflowPorts extends CallerPorts {
  /** What happens, for audit, metrics and whoever watches. Never throws. */
  readonly event: (event: RunEvent) => void
  readonly journal: RunJournal
  readonly now: Now
  /** Numbers in [0, 1). */
  readonly random: () => number
  /** A mistake of ours failed a step. Never throws. */
  readonly bug?: (error: unknown) => void
  /** Resolves after the time, or at cancellation; never rejects. */
  readonly sleep: (ms: number, cancellation: Cancellation) => Promise<void>
}

/** A tool call of a step, or of one iteration of a loop. */
export interface StepCall {
  /** As the step writes it: a final name, or `workload.tool`. */
  readonly tool: string
  readonly arguments: JsonObject
  /** Id of the step in the file; for an iteration that of the loop. */
  readonly step: string
  /** 0-based place in the collection of a loop. */
  readonly iteration?: number | undefined
  /** 1 for the first try. */
  readonly attempt: number
  readonly cancellation: Cancellation
  /** What is left of the step's time, in milliseconds; absent: no limit of the step's own. */
  readonly timeoutMs?: number | undefined
}

export interface StepTool {
  readonly inputSchema?: JsonObject | undefined
  /** By its annotations; absent annotations count as false. */
  readonly readOnly: boolean
  readonly idempotent: boolean
}

export interface StepQuestion {
  /** Unique in the run, the same after a restart. */
  readonly key: string
  readonly request: InputRequest
  /** What is left of the time to answer. */
  readonly timeoutMs: number
  readonly cancellation: Cancellation
}
