import type { BackendConnection, BackendRequest } from '../mcp/backend-connection.ts'
import type { ListenFilter, ServerDescription } from '../mcp/messages.ts'
import type { Reply } from '../mcp/reply.ts'
import type { Era, ProtocolVersion } from '../mcp/versions.ts'
import { withLossTold } from './state-lost.ts'

/** A connection that took the place of one whose state is gone: its client is told with the first result of a tool. */
export class LossTellingConnection implements BackendConnection {
  readonly listen?: (filter: ListenFilter | undefined) => Promise<ListenFilter>
  readonly transport?: NonNullable<BackendConnection['transport']>
  readonly sessionId?: string
  readonly inner: BackendConnection
  readonly #backend: string
  #untold: boolean

  constructor(inner: BackendConnection, backend: string, untold = true) {
    this.#untold = untold
    this.inner = inner
    this.#backend = backend
    if (inner.transport !== undefined) this.transport = inner.transport
    if (inner.sessionId !== undefined) this.sessionId = inner.sessionId
    if (inner.listen !== undefined) this.listen = (filter) => inner.listen!(filter)
  }

  get era(): Era {
    return this.inner.era
  }

  get version(): ProtocolVersion {
    return this.inner.version
  }

  get server(): ServerDescription {
    return this.inner.server
  }

  get inFlight(): number {
    return this.inner.inFlight
  }

  async request(request: BackendRequest): Promise<Reply> {
    if (!this.#untold || request.method !== 'tools/call') return this.inner.request(request)
    this.#untold = false
    try {
      const reply = await withLossTold(this.inner, this.#backend, request)
      // An error, or a question, has no place for it.
      if (reply.kind !== 'raw' && reply.kind !== 'result') this.#untold = true
      return reply
    } catch (error) {
      this.#untold = true
      throw error
    }
  }

  notify(...args: Parameters<BackendConnection['notify']>): void {
    this.inner.notify(...args)
  }

  close(options?: { readonly keepSession?: boolean }): Promise<void> {
    return this.inner.close(options)
  }
}
