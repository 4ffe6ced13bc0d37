import { readFile } from 'node:fs/promises'
import { writeFileAtomically } from '../../system/write-file-atomically.ts'
import type { CommandHandler } from '../command-spec.ts'
import { cliErrors } from '../errors.ts'
import { localGroup } from '../local-group.ts'
import { renderVmcpFile } from '../render-vmcp-file.ts'
import type { vmcpInitSpec } from '../specs/vmcp.ts'

/**
 * `thv vmcp init`. Writes a file as a whole or not at all. One that is there has probably been edited: it is replaced with
 * --force only; where it says just that already, there is nothing to do.
 */
export const vmcpInit: CommandHandler<typeof vmcpInitSpec> = async (flags, context) => {
  if (!flags.group) throw cliErrors.FLAG_REQUIRED({ flag: '--group', value: 'NAME' })
  const { output, config } = flags
  if (output !== undefined && config !== undefined && output !== config) {
    const hint = 'give one of the two, they mean the same'
    const reason = `contradicts --output "${output}"`
    throw cliErrors.BAD_VALUE({ flag: '--config', value: config, reason, hint })
  }
  const workloads = await localGroup(flags.group, context)
  const text = renderVmcpFile(flags.group, workloads)
  const file = output ?? config ?? ''
  if (file === '' || file === '-') {
    context.print(text.trimEnd())
    return 0
  }
  if (!flags.force && (await wouldLose(file, text))) throw cliErrors.FILE_EXISTS({ file })
  await writeFileAtomically(file, text, 0o600).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw cliErrors.CANNOT_WRITE({ file, reason }, error)
  })
  const count = workloads.length === 1 ? '1 server' : `${workloads.length} servers`
  context.note(`Wrote ${file} with ${count} of group "${flags.group}"`)
  return 0
}

/** True if something else stands there, or nobody can tell. */
async function wouldLose(file: string, text: string): Promise<boolean> {
  try {
    return (await readFile(file, 'utf8')) !== text
  } catch (error) {
    // Neither the file nor, perhaps, its folder: writing tells.
    const { code } = error as NodeJS.ErrnoException
    return code !== 'ENOENT' && code !== 'ENOTDIR'
  }
}
