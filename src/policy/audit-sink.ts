import { closeSync, openSync, writeSync } from 'node:fs'
import type { AuditSink } from './audit.ts'
import { policyErrors } from './errors.ts'

/** While writing fails, it is said again after so long. */
const QUIET_MS = 60_000

/**
 * Appends to a file that only its owner may read. Throws POLICY_AUDIT_FILE if it cannot be opened. `onError` hears when
 * writing fails, at most once a minute, with the bytes lost so far; later lines are tried again.
 */
export function openAuditFile(
  path: string,
  onError: (error: unknown, lostBytes: number) => void,
): AuditSink {
  let file: number | undefined
  let lostBytes = 0
  let saidAtMs = -QUIET_MS
  try {
    file = openSync(path, 'a', 0o600)
  } catch (error) {
    throw policyErrors.AUDIT_FILE({ path, reason: (error as Error).message }, error)
  }
  return {
    write(text) {
      if (file === undefined) return
      const bytes = Buffer.from(text)
      let done = 0
      try {
        // Synchronous: a page cache write of some KiB is quick, and nothing is lost when the process ends right after.
        while (done < bytes.length) done += writeSync(file, bytes, done)
      } catch (error) {
        lostBytes += bytes.length - done
        const nowMs = performance.now()
        if (nowMs - saidAtMs < QUIET_MS) return
        saidAtMs = nowMs
        onError(error, lostBytes)
      }
    },
    async close() {
      if (file !== undefined) closeSync(file)
      file = undefined
    },
  }
}

/** Writes to a stream that is there already: stdout. It is not closed. */
export function createStreamSink(stream: { write(text: string): unknown }): AuditSink {
  return {
    write: (text) => void stream.write(text),
    close: async () => {},
  }
}
