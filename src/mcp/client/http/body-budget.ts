import type { HttpResponse } from '../../../net/http-message.ts'
import type { ClientLimits } from '../../client-limits.ts'

/** Bodies up to this are never refused for what others send. */
const SMALL_BYTES = 64 * 1024

/**
 * What the large bodies of all requests together take: while they arrive, and until they are answered, for so long their
 * arguments are kept. Beyond `maxBodyBytesTotal` a further large one is refused.
 */
export class BodyBudget {
  readonly #limits: ClientLimits
  #bytes = 0

  constructor(limits: ClientLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  /** A body has grown from one size to another. False: there is no room for it. */
  grow(fromBytes: number, toBytes: number): boolean {
    if (toBytes <= SMALL_BYTES) return true
    this.#bytes += fromBytes <= SMALL_BYTES ? toBytes : toBytes - fromBytes
    return this.#bytes <= this.#limits.maxBodyBytesTotal
  }

  /** The body of this size is not kept any more once the response has ended; at once if there is none. */
  release(sizeBytes: number, response: HttpResponse | undefined): void {
    if (sizeBytes <= SMALL_BYTES) return
    const free = (): void => {
      this.#bytes -= sizeBytes
    }
    if (response === undefined || response.closed) free()
    else response.once('close', free)
  }
}
