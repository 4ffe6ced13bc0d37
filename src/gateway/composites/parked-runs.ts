import { mcpErrors } from '../../mcp/errors.ts'

/** Runs that wait for the answer of a modern client, bounded like its parked calls: in all, and for each principal. */
export class ParkedRuns {
  readonly #limits: () => { readonly total: number; readonly perPrincipal: number }
  readonly #perPrincipal = new Map<string, number>()
  #total = 0

  /** Asked each time, as a reload may change them. */
  constructor(limits: () => { readonly total: number; readonly perPrincipal: number }) {
    this.#limits = limits
  }

  /** Takes a place. Throws MCP_TOO_MANY_PARKED. */
  enter(binding: string, method: string): void {
    const { total, perPrincipal } = this.#limits()
    const own = this.#perPrincipal.get(binding) ?? 0
    if (own >= perPrincipal) throw mcpErrors.TOO_MANY_PARKED({ method, limit: perPrincipal })
    if (this.#total >= total) throw mcpErrors.TOO_MANY_PARKED({ method, limit: total })
    this.#perPrincipal.set(binding, own + 1)
    this.#total++
  }

  leave(binding: string): void {
    const left = (this.#perPrincipal.get(binding) ?? 1) - 1
    if (left > 0) this.#perPrincipal.set(binding, left)
    else this.#perPrincipal.delete(binding)
    this.#total--
  }
}
