import type { Principal } from '../../caller.ts'
import { isRequestId } from '../../classify.ts'
import type { RequestId, RpcNotification, RpcRequest } from '../../messages.ts'
import { renderError } from '../../render-reply.ts'
import { checkModernRequest } from './check-modern-request.ts'
import type { EdgeContext } from '../context.ts'
import { Listens } from './listen.ts'
import type { ListenSink } from './listen.ts'
import { serveModernRequest } from './modern-requests.ts'
import { PipeExchange } from '../pipe-exchange.ts'
import type { PipeWrite } from '../pipe-exchange.ts'

interface Cancellable {
  cancel(reason: string): void
}

/** The modern requests on a pipe: several calls and subscriptions at a time, told apart by id (2026-07-28, stdio). */
export class ModernPipe {
  readonly #context: EdgeContext
  readonly #principal: Principal
  readonly #write: PipeWrite
  readonly #listens = new Listens()
  readonly #open = new Map<RequestId, Cancellable>()

  constructor(context: EdgeContext, principal: Principal, write: PipeWrite) {
    this.#context = context
    this.#principal = principal
    this.#write = write
  }

  /** True if a request with this id is in flight. */
  has(id: RequestId): boolean {
    return this.#open.has(id)
  }

  request(message: RpcRequest): void {
    const { id, method } = message
    const checked = checkModernRequest(this.#context, message, this.#principal, undefined)
    if (checked.kind === 'refused') {
      this.#write([renderError(id, checked.error)])
      return
    }
    if (method === 'subscriptions/listen') {
      const sink = new PipeListenSink(this.#write, () => this.#open.delete(id))
      const listen = this.#listens.start(this.#context, checked.request, sink)
      if (listen) this.#open.set(id, { cancel: () => listen.stop() })
      return
    }
    // The id is taken before the call begins: it may be answered at once.
    this.#open.set(id, IDLE)
    const exchange = new PipeExchange(this.#write, () => this.#open.delete(id))
    const call = serveModernRequest(this.#context, checked.request, exchange)
    if (call && this.#open.has(id)) this.#open.set(id, call)
  }

  /** True if the notification was for one of these requests. */
  notified({ method, params }: RpcNotification): boolean {
    const id = params?.['requestId']
    const open = isRequestId(id) ? this.#open.get(id) : undefined
    if (method !== 'notifications/cancelled' || !open || !isRequestId(id)) return false
    const reason = params?.['reason']
    this.#open.delete(id)
    open.cancel(typeof reason === 'string' ? reason : 'cancelled by the client')
    return true
  }

  /** Sends the closing results of all subscriptions. */
  end(): void {
    this.#listens.endAll()
  }
}

const IDLE: Cancellable = { cancel: () => {} }

class PipeListenSink implements ListenSink {
  readonly #write: PipeWrite
  readonly #onEnd: () => void
  onGone: (() => void) | undefined

  constructor(write: PipeWrite, onEnd: () => void) {
    this.#write = write
    this.#onEnd = onEnd
  }

  send(body: readonly Buffer[]): void {
    this.#write(body)
  }

  end(): void {
    this.#onEnd()
  }

  refuse(_status: number, body: readonly Buffer[]): void {
    this.#write(body)
    this.#onEnd()
  }
}
