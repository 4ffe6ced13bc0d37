import { mcpErrors } from '../errors.ts'
import type { PendingCall } from './pending-call.ts'

const TICK_MS = 50

/**
 * Looks after the time-outs of all calls of one connection with one coarse timer, which runs only while there are calls:
 * a timer per call would cost more than the rest of the call.
 */
export class Deadlines {
  readonly #name: string
  readonly #calls: () => Iterable<PendingCall>
  #timer: NodeJS.Timeout | undefined
  #lastTickMs = 0

  constructor(name: string, calls: () => Iterable<PendingCall>) {
    this.#name = name
    this.#calls = calls
  }

  /** `performance.now()`, while calls are watched as of the last tick: reading the clock is dear on virtual machines. */
  get nowMs(): number {
    return this.#timer === undefined ? performance.now() : this.#lastTickMs
  }

  /** A call has begun. */
  watch(nowMs: number): void {
    if (this.#timer !== undefined) return
    this.#lastTickMs = nowMs
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tick(): void {
    const nowMs = performance.now()
    const passedMs = nowMs - this.#lastTickMs
    this.#lastTickMs = nowMs
    // While this process did not run, what the backend said could not be heard: that was not its silence.
    const deafMs = Math.max(0, passedMs - 2 * TICK_MS)
    let any = false
    for (const call of this.#calls()) {
      any = true
      if (call.waits) call.seenMs = nowMs
      if (call.questions > 0) {
        call.startedMs += passedMs
        call.seenMs = nowMs
      } else {
        call.seenMs += deafMs
        expire(this.#name, call, nowMs)
      }
    }
    if (!any) this.stop()
  }
}

function expire(backend: string, call: PendingCall, nowMs: number): void {
  const { idleMs, absoluteMs } = call.request.timeouts
  const idle = idleMs > 0 && nowMs - call.seenMs > idleMs
  if (!idle && (absoluteMs <= 0 || nowMs - call.startedMs <= absoluteMs)) return
  const timeoutMs = idle ? idleMs : absoluteMs
  const reason = `${call.request.method} ${idle ? 'was silent' : 'took'} too long`
  call.abandon(
    mcpErrors.BACKEND_TIMEOUT({ backend, reason, ran: call.ran, timeoutMs }),
    `timed out after ${timeoutMs} ms`,
  )
}
