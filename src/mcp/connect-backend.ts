import type { BackendConnection, BackendTarget } from './backend-connection.ts'
import type { ConnectOptions } from './backend/connect-options.ts'
import { openHttpBackend } from './backend/http/open-http.ts'
import { openStdioBackend } from './backend/stdio/open-stdio.ts'

export type { ConnectOptions, LegacyResume, PeerGone } from './backend/connect-options.ts'
export { AskingHabits } from './backend/legacy/asking-habits.ts'

/**
 * Opens a conversation with a backend, whatever era it speaks: the era is asked for with `server/discover` unless it is
 * given, and a server that cannot answer is tried as a legacy one (2026-07-28 versioning, "Dual-era clients").
 * Rejects with an AppError of `mcp/errors.ts` and leaves nothing behind.
 */
export async function connectBackend(
  target: BackendTarget,
  options: ConnectOptions,
): Promise<BackendConnection> {
  return target.kind === 'http'
    ? openHttpBackend(target, options)
    : openStdioBackend(target, options)
}
