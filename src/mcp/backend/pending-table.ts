import type { AppError } from '../../base/errors.ts'
import { IdRing } from '../../base/id-ring.ts'
import type { JsonObject } from '../../base/json.ts'
import type { BackendRequest } from '../backend-connection.ts'
import { mcpErrors } from '../errors.ts'
import { relatedTaskOf } from '../meta.ts'
import { Deadlines } from './deadlines.ts'
import type { MessagePipe } from './message-pipe.ts'
import { PendingCall } from './pending-call.ts'
import type { CallOwner } from './pending-call.ts'

/** The calls in flight of one connection, by the connection's own ids, which begin at 1 and never repeat. */
export class PendingTable implements CallOwner {
  readonly name: string
  readonly #calls = new IdRing<PendingCall>()
  readonly #deadlines: Deadlines
  readonly #onAbandon: (call: PendingCall, reason: string) => void
  readonly #onEnd: ((call: PendingCall) => void) | undefined
  #ended: AppError | undefined

  constructor(options: {
    name: string
    /** Called before the call is rejected. */
    onAbandon: (call: PendingCall, reason: string) => void
    /** However it ended. */
    onEnd?: (call: PendingCall) => void
  }) {
    this.name = options.name
    this.#onAbandon = options.onAbandon
    this.#onEnd = options.onEnd
    this.#deadlines = new Deadlines(options.name, () => this.#calls.values())
  }

  /** Coarse: enough for time-outs. */
  get nowMs(): number {
    return this.#deadlines.nowMs
  }

  /** A new call. It may be settled already: its cancellation came first. */
  open(request: BackendRequest): PendingCall {
    const { nowMs } = this
    const call = new PendingCall(this.#calls.nextId(), request, this, nowMs)
    this.#calls.add(call)
    this.#deadlines.watch(nowMs)
    call.listen()
    return call
  }

  /** An id that no call has: for requests that are not calls. */
  nextId(): number {
    return this.#calls.nextId()
  }

  byId(id: unknown): PendingCall | undefined {
    return this.#calls.get(id)
  }

  /**
   * Whose it is what is said of a task: of who waits for the task, if anybody does (2025-11-25 tasks, "Related task metadata"),
   * whatever else is in flight. `unsaid`: it is of no task.
   */
  callOfTask(said: JsonObject): PendingCall | 'nobody' | 'unsaid' {
    const task = relatedTaskOf(said)
    if (task === undefined) return 'unsaid'
    const waiting = this.all().find(
      ({ request }) => request.method === 'tasks/result' && request.params?.['taskId'] === task,
    )
    return waiting ?? 'nobody'
  }

  /** The only call in flight. */
  sole(): PendingCall | undefined {
    return this.#calls.size === 1 ? this.#calls.values()[0] : undefined
  }

  all(): PendingCall[] {
    return this.#calls.values()
  }

  get size(): number {
    return this.#calls.size
  }

  /** Why no further request can be sent, if so: the connection has ended, or the backend does not read. */
  refusal(pipe: MessagePipe, maxUnsentBytes: number): AppError | undefined {
    if (this.#ended) {
      const reason = String(this.#ended.details['reason'])
      return mcpErrors.BACKEND_GONE({ backend: this.name, reason, ran: 'no' })
    }
    if (pipe.unsentBytes <= maxUnsentBytes) return undefined
    const reason = `it does not read: ${pipe.unsentBytes} bytes wait to be sent`
    return mcpErrors.BACKEND_UNREACHABLE({ backend: this.name, reason, ran: 'no' })
  }

  /** The connection has ended: all calls fail with this error, and later ones are refused. */
  end(error: AppError): void {
    this.#ended ??= error
    for (const call of this.all()) call.reject(error)
    this.#deadlines.stop()
  }

  abandon(call: PendingCall, reason: string): void {
    this.#onAbandon(call, reason)
  }

  forget(call: PendingCall): void {
    this.#calls.delete(call.id)
    this.#onEnd?.(call)
  }
}
