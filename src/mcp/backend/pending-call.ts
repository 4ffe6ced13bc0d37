import type { AppError } from '../../base/errors.ts'
import type { BackendRequest } from '../backend-connection.ts'
import { mcpErrors } from '../errors.ts'
import type { Ran } from '../errors.ts'
import type { Reply } from '../reply.ts'

/** What a connection does when an answer is no longer wanted: tell the backend, drop the stream. */
export interface CallOwner {
  readonly name: string
  /** `performance.now()`, coarse. */
  readonly nowMs: number
  /** Called once, before the call is rejected. */
  abandon(call: PendingCall, reason: string): void
  /** Called once for every call, however it ended. */
  forget(call: PendingCall): void
}

/** One request waiting for its response. Created per call on the hot path: one object and one promise. */
export class PendingCall {
  /** The connection's own id of the request, also its progress token. */
  readonly id: number
  readonly request: BackendRequest
  readonly promise: Promise<Reply>
  /** All times of `performance.now()`. They are moved forward while a question waits for the client. */
  startedMs: number
  seenMs: number
  /** Questions of the backend to the client that wait for an answer. */
  questions = 0
  /** When the last of them came, `performance.now()`; 0: none did. */
  askedMs = 0
  /** The request has left this process as a whole: from then on it may have been executed. */
  sent = false
  /** It is kept from running: the backend's silence says nothing. */
  waits = false
  settled = false
  /** It was answered with a result. */
  answered = false
  /** HTTP: the exchange that carries it. */
  stream: { abort(): void } | undefined
  readonly #owner: CallOwner
  #resolve!: (reply: Reply) => void
  #reject!: (error: unknown) => void
  #unlisten: (() => void) | undefined

  constructor(id: number, request: BackendRequest, owner: CallOwner, nowMs: number) {
    this.id = id
    this.request = request
    this.startedMs = nowMs
    this.seenMs = nowMs
    this.#owner = owner
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Begins to listen for cancellation; call it when the owner can be asked to abandon. */
  listen(): void {
    this.#unlisten = this.request.cancellation.onCancel((reason) =>
      this.abandon(mcpErrors.CALL_CANCELLED({ reason, ran: this.ran }), reason),
    )
  }

  /** The backend gives a sign of life. */
  seen(): void {
    this.seenMs = this.#owner.nowMs
  }

  get ran(): Ran {
    return this.sent ? 'unknown' : 'no'
  }

  resolve(reply: Reply): void {
    if (this.settled) return
    this.answered = reply.kind !== 'error'
    if (this.#settle()) this.#resolve(reply)
  }

  /** The backend's side failed: nothing to tell it. */
  reject(error: AppError): void {
    if (this.#settle()) this.#reject(error)
  }

  /** Our side gives up while the backend may still work: it is told. */
  abandon(error: AppError, reason: string): void {
    if (this.settled) return
    this.#owner.abandon(this, reason)
    this.reject(error)
  }

  #settle(): boolean {
    if (this.settled) return false
    this.settled = true
    this.#unlisten?.()
    this.#owner.forget(this)
    return true
  }
}
