import type { ClientSession } from '../../mcp/client-session.ts'
import { LIST_KINDS } from '../list-kinds.ts'

/**
 * A client's stream came from a replica that has died or leaves: nobody knows what that had still to tell. So the client hears that
 * all lists may have changed, and what it follows, once that is `followed` here: it reads again. Never rejects.
 */
export async function tellWhatMayBeMissed(
  session: ClientSession,
  followed: Promise<void>,
  uris: () => readonly string[],
): Promise<void> {
  for (const kind of LIST_KINDS) session.channel?.notify(`notifications/${kind}/list_changed`)
  await followed
  for (const uri of uris()) session.channel?.notify('notifications/resources/updated', { uri })
}
