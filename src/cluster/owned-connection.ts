import type { BackendConnection, BackendRequest } from '../mcp/backend-connection.ts'
import { mcpErrors } from '../mcp/errors.ts'
import type { ListenFilter, ServerDescription } from '../mcp/messages.ts'
import type { Reply } from '../mcp/reply.ts'
import type { Era, ProtocolVersion } from '../mcp/versions.ts'
import { closeWhenIdle } from './close-when-idle.ts'
import { LossTellingConnection } from './loss-telling-connection.ts'

export interface OwnedConnectionOptions {
  readonly inner: BackendConnection
  readonly backend: string
  /** Version of the record that says it is ours; `UNCLAIMED`: the store could not be told. */
  readonly fence: number
  /** It took the place of one whose state is gone: the client is told with the first result. */
  readonly isLoss: boolean
  /** See `Directory.ready`. */
  readonly ready: () => Promise<void> | undefined
  /** It was closed by its owner; `keep`: because this replica stops. */
  readonly onClosed: (fence: number, keep: boolean) => Promise<void>
  readonly onLost: (reason: string, isUntold?: boolean) => void
}

/** A fence that no record has. */
export const UNCLAIMED = 0

/** A connection of this process that other replicas may take over when they believe us dead: fenced. */
export class OwnedConnection implements BackendConnection {
  readonly listen?: (filter: ListenFilter | undefined) => Promise<ListenFilter>
  readonly transport?: NonNullable<BackendConnection['transport']>
  fence: number
  readonly #options: OwnedConnectionOptions
  #inner: BackendConnection
  #lost = false

  constructor(options: OwnedConnectionOptions) {
    const { inner, backend, isLoss } = options
    this.#options = options
    this.#inner = isLoss ? new LossTellingConnection(inner, backend) : inner
    this.fence = options.fence
    if (inner.transport !== undefined) this.transport = inner.transport
    if (inner.listen !== undefined) this.listen = (filter) => inner.listen!(filter)
  }

  get era(): Era {
    return this.#inner.era
  }

  get version(): ProtocolVersion {
    return this.#inner.version
  }

  get server(): ServerDescription {
    return this.#inner.server
  }

  get inFlight(): number {
    return this.#inner.inFlight
  }

  async request(request: BackendRequest): Promise<Reply> {
    await this.#options.ready()
    if (this.#lost) {
      const { backend } = this.#options
      const reason = 'another replica has its state now'
      throw mcpErrors.BACKEND_SESSION_LOST({ backend, reason, ran: 'no' })
    }
    return this.#inner.request(request)
  }

  notify(method: string, params?: Parameters<BackendConnection['notify']>[1]): void {
    if (!this.#lost) this.#inner.notify(method, params)
  }

  async close(options: { readonly keepSession?: boolean } = {}): Promise<void> {
    await this.#inner.close(options)
    if (!this.#lost) await this.#options.onClosed(this.fence, options.keepSession === true)
  }

  /** This replica leaves: what runs may end, what comes goes to whoever begins anew. Resolves when that is stored. */
  async retire(): Promise<void> {
    if (this.#lost) return
    this.#lost = true
    this.#options.onLost('this replica is shutting down')
    await this.#options.onClosed(this.fence, true)
    closeWhenIdle(this.#inner)
  }

  /** It turns out that there was another before it, whose state is gone. */
  tellLoss(): void {
    const { backend, isLoss } = this.#options
    if (!isLoss) this.#inner = new LossTellingConnection(this.#inner, backend)
  }

  /** Others have it: nothing more goes through here. `isUntold`: they do not tell what is lost with it. */
  async lose(reason: string, isUntold: boolean): Promise<void> {
    this.#lost = true
    this.#options.onLost(reason, isUntold)
    await this.#inner.close()
  }
}
