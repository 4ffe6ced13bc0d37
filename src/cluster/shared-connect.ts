import type { BackendConnection } from '../mcp/backend-connection.ts'
import type { LegacyResume } from '../mcp/connect-backend.ts'
import type { ServerDescription } from '../mcp/messages.ts'
import type { Place } from './owner.ts'

/** What opening one owner's connection needs. */
export interface SharedConnect {
  readonly place: Place
  /** True: it is something of this process (a child, an open stream), which others reach through us. */
  readonly isProcess: boolean
  /** Opens a connection; with `resume` it goes on with a session of the backend. `onEnded`: it ended by itself. */
  readonly open: (resume?: LegacyResume, onEnded?: () => void) => Promise<BackendConnection>
  /** What the backend says of itself, as another connection was told. */
  readonly server: () => ServerDescription | undefined
  /** The session of the backend that was lost, if this is for another one in its stead. */
  readonly lostSessionId: string | undefined
  /** There was a connection before, and it is lost. */
  readonly isAgain: boolean
  /**
   * Ours no more: what waits for it must not go on. `isUntold`: another has the place, and does not tell its client that what was
   * here is lost.
   */
  readonly onLost: (reason: string, isUntold?: boolean) => void
}
