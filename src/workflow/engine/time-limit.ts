import { Cancellation } from '../../base/cancellation.ts'

/** The part of a run that ends with the run, and by a time of its own. */
export interface TimeLimit {
  readonly cancellation: Cancellation
  /** It ended because its time was over. */
  readonly expired: boolean
  /** What is left, in milliseconds; undefined without a limit. */
  leftMs(): number | undefined
  /** Its time stands still until the work settles: what it waits for is none of its own. */
  hold<Result>(work: Promise<Result>): Promise<Result>
  /** It is done; frees the timer. */
  end(): void
}

/** The longest time a timer of Node can hold; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Ends with the parent, and after `timeoutMs` unless it is undefined: then it is the parent itself. */
export function limitTime(parent: Cancellation, timeoutMs: number | undefined): TimeLimit {
  if (timeoutMs === undefined) {
    return {
      cancellation: parent,
      expired: false,
      leftMs: () => undefined,
      hold: (work) => work,
      end: () => {},
    }
  }
  const cancellation = new Cancellation()
  let endsAt = performance.now() + timeoutMs
  let expired = false
  let hasEnded = false
  let timer = start()
  const leave = parent.onCancel((reason) => cancellation.cancel(reason))
  return {
    cancellation,
    get expired() {
      return expired
    },
    leftMs: () => Math.max(1, Math.round(endsAt - performance.now())),
    async hold(work) {
      const heldAt = performance.now()
      clearTimeout(timer)
      try {
        return await work
      } finally {
        endsAt += performance.now() - heldAt
        if (!hasEnded) timer = start()
      }
    },
    end() {
      hasEnded = true
      clearTimeout(timer)
      leave()
    },
  }

  function start(): NodeJS.Timeout | undefined {
    const leftMs = Math.max(0, endsAt - performance.now())
    // A longer one waits for the next start of the gateway.
    return leftMs > MAX_TIMER_MS ? undefined : setTimeout(expire, leftMs).unref()
  }

  function expire(): void {
    expired = true
    cancellation.cancel('its time is over')
  }
}
