import { ANONYMOUS, type Principal } from '../mcp/caller.ts'
import type { Authenticate } from '../mcp/authenticate.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

/**
 * Who calls, by `incomingAuth`: everybody is the same anonymous principal, or, with `local`, the user of this machine.
 * Tokens come with a later version; the configuration is refused before it gets here.
 */
export function createAuthenticate(
  incoming: Pick<VmcpConfig['incomingAuth'], 'type'>,
  userName: string,
): Authenticate {
  const local: Principal = { kind: 'local', binding: `local\0${userName}`, name: userName }
  const principal = incoming.type === 'local' ? local : ANONYMOUS
  return () => principal
}
