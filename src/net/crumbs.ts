const PIECES = 5_000
const MIN_BYTES_EACH = 64
const WITHIN_MS = 1_000

const now = (): number => performance.now()

/**
 * Tells a stream that comes in tiny pieces without end from one that has little to say: thousands in a second, of a few
 * bytes each. Every piece costs as much as a large one, so such a peer would take all our time.
 */
export class CrumbWatch {
  #sinceMs: number | undefined
  #pieces = 0
  #bytes = 0

  /** Call it for every piece; true if it is time to give up. The clock is read once in thousands of pieces. */
  isFlood(pieceBytes: number, nowMs: () => number = now): boolean {
    this.#bytes += pieceBytes
    if (++this.#pieces < PIECES) return false
    const areSmall = this.#bytes < PIECES * MIN_BYTES_EACH
    this.#pieces = this.#bytes = 0
    const sinceMs = this.#sinceMs
    this.#sinceMs = nowMs()
    return areSmall && sinceMs !== undefined && this.#sinceMs - sinceMs < WITHIN_MS
  }
}
