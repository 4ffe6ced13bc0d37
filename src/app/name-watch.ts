import type { Gateway } from '../gateway/create-gateway.ts'
import { renderProblem, type Problem } from '../schema/problem.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { limitProblems } from './limit-names.ts'
import { liveProblems } from './live-problems.ts'

/** Looks whether backends offer what a configuration names. */
export interface NameWatch {
  /** What is wrong now. */
  problems(config: VmcpConfig): Problem[]
  /** From now on, what a backend lacks that comes later is logged, once each. */
  begin(): void
  /** The catalogue was rebuilt. */
  look(): void
}

export function createNameWatch(
  gateway: () => Pick<Gateway, 'offers' | 'catalogue'>,
  config: () => VmcpConfig,
  log: Logger,
): NameWatch {
  let reported: Set<string> | undefined
  let noted = new Set<string>()

  /** What the catalogue drops or changes, when it begins to. */
  function tellNotes(): void {
    const { notes } = gateway().catalogue
    for (const { code, message: note } of notes) {
      if (noted.has(note)) continue
      // The configuration brings about the others; this one is a fault of a server.
      if (code === 'malformed')
        log.warn({ note }, 'A backend lists what the protocol does not allow')
      else log.info({ note }, 'About the catalogue')
    }
    noted = new Set(notes.map(({ message }) => message))
  }

  function problems(wanted: VmcpConfig): Problem[] {
    return liveProblems(wanted, gateway()).filter((problem) => problem.severity === 'error')
  }

  return {
    problems,
    begin() {
      reported = new Set()
      tellNotes()
      for (const problem of limitProblems(config(), gateway())) {
        log.warn({ problem: renderProblem(problem) }, 'A limit is for a tool that nobody offers')
      }
    },
    look() {
      if (reported === undefined) return
      tellNotes()
      const found = problems(config()).map(renderProblem)
      for (const problem of found) {
        if (!reported.has(problem)) {
          log.error({ problem }, 'The configuration names what no backend offers')
        }
      }
      reported = new Set(found)
    },
  }
}
