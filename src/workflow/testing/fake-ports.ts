import { noJournal } from '../journal.ts'
import type { StepCall, WorkflowPorts } from '../ports.ts'
import type { RunEvent } from '../run-events.ts'

/** Ports for tests: every call answers with its arguments, at once, unless told otherwise. */
export function fakePorts(given: Partial<WorkflowPorts> = {}): WorkflowPorts & {
  readonly calls: StepCall[]
  readonly events: RunEvent[]
} {
  const calls: StepCall[] = []
  const events: RunEvent[] = []
  const { call = async (one) => ({ content: [], structuredContent: { ...one.arguments } }) } = given
  return {
    tool: () => ({ readOnly: false, idempotent: false }),
    ask: async () => ({ action: 'accept', content: {} }),
    progress: () => {},
    event: (event) => events.push(event),
    journal: noJournal,
    now: () => 1_700_000_000_000,
    random: () => 0.5,
    sleep: async () => {},
    ...given,
    call: (one) => {
      calls.push(one)
      return call(one)
    },
    calls,
    events,
  }
}
