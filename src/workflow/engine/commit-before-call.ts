import { Cancellation } from '../../base/cancellation.ts'
import { isStoreAway } from '../../storage/store-away.ts'
import type { RunScope } from './run-scope.ts'

/** Between two tries to write, while the store is away. */
const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 1000

/**
 * Waits until the start of a call that must not be made twice is written down, however long the store is away. False: the run is
 * cancelled, its time is over, or the gateway closes, and the call must not be made. Rejects where waiting is of no use.
 */
export async function commitBeforeCall(
  { ports, suspension }: RunScope,
  cancellation: Cancellation,
): Promise<boolean> {
  const end = new Cancellation()
  const leave = [cancellation, suspension].map((one) => one.onCancel((why) => end.cancel(why)))
  try {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      try {
        await ports.journal.commit()
        return true
      } catch (error) {
        if (!isStoreAway(error)) throw error
      }
      if (end.cancelled) return false
      await ports.sleep(pauseMs, end)
    }
  } finally {
    for (const stop of leave) stop()
  }
}
