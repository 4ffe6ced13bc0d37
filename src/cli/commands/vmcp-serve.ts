import { quickVmcpConfig } from '../../app/quick-vmcp-config.ts'
import type { ConfigSource, VmcpConfig } from '../../app/load-vmcp-config.ts'
import type { CommandContext, CommandHandler, FlagsOf } from '../command-spec.ts'
import { cliErrors } from '../errors.ts'
import { loadConfig, noteProblems } from '../load-config.ts'
import { localGroup } from '../local-group.ts'
import { runGateway } from '../run-gateway.ts'
import { checkLogFormat, checkPort, checkSessionTtl, isLoopback } from '../serve-flags.ts'
import type { vmcpServeSpec } from '../specs/vmcp.ts'
import { withBackends } from '../with-backends.ts'
import { withOverrides } from '../with-overrides.ts'

type Flags = FlagsOf<typeof vmcpServeSpec>

/** `thv vmcp serve`: runs until a signal ends it, or stdin does with --stdio. */
export const vmcpServe: CommandHandler<typeof vmcpServeSpec> = async (flags, context) => {
  const port = checkPort(flags.port)
  const logFormat = checkLogFormat(flags['log-format'])
  const sessionTtlMs = checkSessionTtl(flags['session-ttl'])
  for (const flag of ['optimizer', 'optimizer-embedding'] as const) {
    if (flags[flag]) throw cliErrors.FLAG_NOT_YET({ flag: `--${flag}`, what: 'the optimizer' })
  }
  const overrides = {
    sessionTtlMs,
    enableAudit: flags['enable-audit'],
  }
  const adapt = async (config: VmcpConfig): Promise<VmcpConfig> =>
    withOverrides(await withBackends(config, context), overrides)
  const { found, source } = await findConfig(flags, context)
  const config = await adapt(found)
  noteProblems(config.remarks, context)
  if (config.unsupported.length > 0) {
    noteProblems(config.unsupported, context)
    const file = flags.config ?? `group ${flags.group}`
    throw cliErrors.UNSUPPORTED({ file, count: config.unsupported.length })
  }
  return runGateway({
    config,
    host: flags.host,
    port,
    stdio: flags.stdio,
    debug: flags.debug || /^(1|true)$/i.test(context.env['TOOLHIVE_DEBUG'] ?? ''),
    logFormat,
    env: context.env,
    ...(source ? { watched: { file: flags.config ?? '', source, adapt } } : {}),
  })
}

interface Found {
  readonly found: VmcpConfig
  /** What it was read from, if it came from a file. */
  readonly source?: ConfigSource
}

async function findConfig(flags: Flags, context: CommandContext): Promise<Found> {
  if (flags.config) {
    const { config, source } = await loadConfig(flags.config, context)
    return { found: config, source }
  }
  if (!flags.group) throw cliErrors.NO_SOURCE({})
  if (!flags.stdio && !isLoopback(flags.host)) throw cliErrors.NOT_LOOPBACK({ host: flags.host })
  return { found: await quickVmcpConfig(flags.group, await localGroup(flags.group, context)) }
}
