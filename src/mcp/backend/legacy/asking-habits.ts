import type { BackendRequest } from '../../backend-connection.ts'

/** More than a backend has tools; whatever a client may name, it stays bounded. */
const MAX_KINDS = 10_000

/**
 * Which calls of one backend ask their client in the middle, without saying for which call. It outlives connections: what has been
 * learned of a tool holds after a restart of its process.
 */
export class AskingHabits {
  readonly #asks = new Map<string, boolean>()

  /** True: such calls ask. False: one was answered without. Undefined: none was answered yet. */
  of(kind: string): boolean | undefined {
    return this.#asks.get(kind)
  }

  /** A call of this kind asked, or was answered without. Whatever asked once may ask again. */
  learn(kind: string, asks: boolean): void {
    if (this.#asks.get(kind) === true) return
    if (this.#asks.size >= MAX_KINDS) this.#asks.clear()
    this.#asks.set(kind, asks)
  }

  /** Several calls could have asked, and it did not turn out which: none of them is above suspicion. */
  suspect(kind: string): void {
    if (this.#asks.get(kind) === false) this.#asks.delete(kind)
  }
}

/** What calls that behave alike have in common; undefined: such requests never ask, or their questions name a task. */
export function kindOf({ method, params }: BackendRequest): string | undefined {
  const name = params?.['name']
  switch (method) {
    case 'tools/call':
      return typeof name === 'string' ? name : method
    case 'prompts/get':
      return typeof name === 'string' ? `prompt ${name}` : method
    // There may be any number of them, and hardly any server asks there.
    case 'resources/read':
      return method
    default:
      return undefined
  }
}
