import { mcpErrors } from '../../mcp/errors.ts'

/** Runs that wait for the answer of a modern client, bounded like its parked calls: in all, and for each client (`clientOf`). */
export class ParkedRuns {
  readonly #limits: () => { readonly total: number; readonly perClient: number }
  readonly #perClient = new Map<string, number>()
  #total = 0

  /** Asked each time, as a reload may change them. */
  constructor(limits: () => { readonly total: number; readonly perClient: number }) {
    this.#limits = limits
  }

  /** Takes a place. Throws MCP_TOO_MANY_PARKED. */
  enter(client: string, method: string): void {
    const { total, perClient } = this.#limits()
    const own = this.#perClient.get(client) ?? 0
    if (own >= perClient) throw mcpErrors.TOO_MANY_PARKED({ method, limit: perClient })
    if (this.#total >= total) throw mcpErrors.TOO_MANY_PARKED({ method, limit: total })
    this.#perClient.set(client, own + 1)
    this.#total++
  }

  leave(client: string): void {
    const left = (this.#perClient.get(client) ?? 1) - 1
    if (left > 0) this.#perClient.set(client, left)
    else this.#perClient.delete(client)
    this.#total--
  }
}
