import type { BackendConnection } from '../mcp/backend-connection.ts'

const LOOK_MS = 50

/** Closes a connection that gets nothing new, when what runs has been answered. */
export function closeWhenIdle(connection: BackendConnection): void {
  const timer = setInterval(() => {
    if (connection.inFlight > 0) return
    clearInterval(timer)
    // What cannot be closed has ended.
    void connection.close().catch(() => {})
  }, LOOK_MS).unref()
}
