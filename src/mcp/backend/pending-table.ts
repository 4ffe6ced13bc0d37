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
import { Turns } from './legacy/turns.ts'

/** Questions of one handler that are asked at once arrive within so many milliseconds. */
const ASKED_JUST_NOW_MS = 50

/** The calls in flight of one connection, by the connection's own ids, which begin at 1 and never repeat. */
export class PendingTable implements CallOwner {
  readonly name: string
  readonly #calls = new IdRing<PendingCall>()
  readonly #deadlines: Deadlines
  readonly #onAbandon: (call: PendingCall, reason: string) => void
  /** For connections on which a question does not say whose it is. */
  readonly turns = new Turns(ASKED_JUST_NOW_MS)
  #ended: AppError | undefined

  constructor(options: { name: string; onAbandon: (call: PendingCall, reason: string) => void }) {
    this.name = options.name
    this.#onAbandon = options.onAbandon
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
   * The only call that can have said what comes unattributed: a handler that waits for the answer to its question says
   * nothing, so it is the only one that does not wait; if all wait, the only one that asked just now, for a handler may
   * ask several things at once.
   */
  sole(): PendingCall | undefined {
    const calls = this.all()
    const speaking = calls.filter((call) => call.questions === 0)
    if (speaking.length === 1) return speaking[0]
    // Of several, the one whose turn it is: the others have never asked.
    if (speaking.length > 1) return speaking.find((call) => call === this.turns.holder)
    const since = performance.now() - ASKED_JUST_NOW_MS
    const asking = calls.length === 1 ? calls : calls.filter((call) => call.askedMs >= since)
    return asking.length === 1 ? asking[0] : undefined
  }

  /**
   * The call that a message belongs to which does not say so by its stream. What it says of a task belongs to who waits for the
   * task, if anybody does (2025-11-25 tasks, "Related task metadata"), whatever else is in flight.
   */
  callOf(said: JsonObject): PendingCall | undefined {
    const task = relatedTaskOf(said)
    if (task === undefined) return this.sole()
    return this.all().find(
      ({ request, settled }) =>
        !settled && request.method === 'tasks/result' && request.params?.['taskId'] === task,
    )
  }

  /** A question came: if it could be of several calls, they take turns from now on. */
  learnAskers(): void {
    if (this.sole()) return
    for (const call of this.#calls.values()) if (call.questions === 0) this.turns.learn(call)
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
    this.turns.end(call)
  }
}
