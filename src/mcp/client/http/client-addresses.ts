import type { ClientAddress } from '../../../net/client-address.ts'
import type { HttpRequest } from '../../../net/http-message.ts'

/** Where requests come from, whichever replica they came to. */
export class ClientAddresses {
  readonly #read: ClientAddress
  readonly #told = new WeakMap<HttpRequest, string | undefined>()
  #isTold = false

  constructor(read: ClientAddress) {
    this.#read = read
  }

  /** Another replica handed the request on, and told who made it. */
  tell(request: HttpRequest, address: string | undefined): void {
    this.#isTold = true
    this.#told.set(request, address)
  }

  of(request: HttpRequest): string | undefined {
    return this.#isTold && this.#told.has(request) ? this.#told.get(request) : this.#read(request)
  }
}
