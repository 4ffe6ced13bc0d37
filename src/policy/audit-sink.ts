import { closeSync, openSync, writeSync } from 'node:fs'
import type { AuditSink } from './audit.ts'
import { policyErrors } from './errors.ts'

/** Appends to a file that only its owner may read. Throws POLICY_AUDIT_FILE if it cannot be opened. */
export function openAuditFile(path: string, onError: (error: unknown) => void): AuditSink {
  let file: number | undefined
  try {
    file = openSync(path, 'a', 0o600)
  } catch (error) {
    throw policyErrors.AUDIT_FILE({ path, reason: (error as Error).message }, error)
  }
  return {
    write(text) {
      if (file === undefined) return
      try {
        // Synchronous: a page cache write of some KiB is quick, and nothing is lost when the process ends right after.
        writeSync(file, text)
      } catch (error) {
        onError(error)
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
