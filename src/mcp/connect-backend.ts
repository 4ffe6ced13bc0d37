import type { BackendConnection, BackendTarget, BackendTransport } from './backend-connection.ts'
import type { ConnectOptions } from './backend/connect-options.ts'
import { openHttpBackend } from './backend/open-http.ts'
import { openStdioBackend } from './backend/open-stdio.ts'
import type { ServerDescription } from './messages.ts'
import type { Era, ProtocolVersion } from './versions.ts'

export type { ConnectOptions, LegacyResume } from './backend/connect-options.ts'

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

/** What can be remembered of a backend. */
export interface DetectedBackend {
  readonly era: Era
  readonly version: ProtocolVersion
  readonly transport: BackendTransport
  readonly server: ServerDescription
}

/** Opens a conversation, looks, and ends it. Rejects like `connectBackend`: then nothing is known. */
export async function detectEra(
  target: BackendTarget,
  options: Omit<ConnectOptions, 'events' | 'openStream' | 'resume'>,
): Promise<DetectedBackend> {
  const connection = await connectBackend(target, {
    ...options,
    openStream: false,
    events: {
      onNotification: () => {},
      onQuestion: () => Promise.reject(new Error('nobody to ask')),
      onClose: () => {},
    },
  })
  const { era, version, transport, server } = connection
  await connection.close()
  return { era, version, transport: transport ?? 'streamable-http', server }
}
