import { homedir } from 'node:os'
import { userFolders } from '../system/user-folders.ts'
import { readLocalGroup, type LocalWorkload } from '../workloads/local-state.ts'
import type { CommandContext } from './command-spec.ts'
import { cliErrors } from './errors.ts'

/** The workloads of a group on this machine, sorted by name. Throws if there is no such group. */
export async function localGroup(
  group: string,
  { env }: CommandContext,
): Promise<readonly LocalWorkload[]> {
  const { state } = userFolders({ env, platform: process.platform, home: env['HOME'] || homedir() })
  const found = await readLocalGroup(state, group)
  if (found.kind === 'no-group') throw cliErrors.NO_GROUP({ group, groups: found.groups })
  return found.workloads
}
