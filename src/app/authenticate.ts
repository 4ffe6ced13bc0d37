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
  const principal = principalOf(incoming, userName)
  return () => principal
}

/** The one principal of a gateway without tokens. */
export function principalOf(
  incoming: Pick<VmcpConfig['incomingAuth'], 'type'>,
  userName: string,
): Principal {
  return incoming.type === 'local'
    ? { kind: 'local', binding: `local\0${userName}`, name: userName }
    : ANONYMOUS
}
