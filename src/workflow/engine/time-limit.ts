import { Cancellation } from '../../base/cancellation.ts'

/** The part of a run that ends with the run, and by a time of its own. */
export interface TimeLimit {
  readonly cancellation: Cancellation
  /** It ended because its time was over. */
  readonly expired: boolean
  /** What is left, in milliseconds; undefined without a limit. */
  leftMs(): number | undefined
  /** It is done; frees the timer. */
  end(): void
}

/** The longest time a timer of Node can hold; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Ends with the parent, and after `timeoutMs` unless it is undefined: then it is the parent itself. */
export function limitTime(parent: Cancellation, timeoutMs: number | undefined): TimeLimit {
  if (timeoutMs === undefined) {
    return { cancellation: parent, expired: false, leftMs: () => undefined, end: () => {} }
  }
  const cancellation = new Cancellation()
  const endsAt = performance.now() + timeoutMs
  let expired = false
  const leave = parent.onCancel((reason) => cancellation.cancel(reason))
  const expire = (): void => {
    expired = true
    cancellation.cancel('its time is over')
  }
  // A longer one waits for the next start of the gateway.
  const timer = timeoutMs > MAX_TIMER_MS ? undefined : setTimeout(expire, timeoutMs).unref()
  return {
    cancellation,
    get expired() {
      return expired
    },
    leftMs: () => Math.max(1, Math.round(endsAt - performance.now())),
    end() {
      clearTimeout(timer)
      leave()
    },
  }
}
