import type { Logger } from '../logger.ts'

interface ExportResult {
  readonly code: number
  readonly error?: Error
}

type Done = (result: ExportResult) => void

const SUCCESS = 0
const QUIET_MS = 60_000

/**
 * Sees how each export ended. A collector that stays away is one line a minute in the log, and one when it is back.
 */
export function createFailureReport(log: Logger, signal: string): (done: Done) => Done {
  let failing = false
  let saidAtMs = -QUIET_MS
  return (done) => (result) => {
    if (result.code === SUCCESS) {
      if (failing) log.info({ signal }, 'Telemetry goes out again')
      failing = false
      saidAtMs = -QUIET_MS
    } else {
      failing = true
      const nowMs = performance.now()
      if (nowMs - saidAtMs >= QUIET_MS) {
        saidAtMs = nowMs
        log.warn({ signal, reason: result.error?.message }, 'Cannot send telemetry')
      }
    }
    done(result)
  }
}
