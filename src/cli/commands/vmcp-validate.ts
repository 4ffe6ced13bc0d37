import type { VmcpConfig } from '../../app/load-vmcp-config.ts'
import { renderProblem, type Problem } from '../../schema/problem.ts'
import { silentLogger } from '../../telemetry/logger.ts'
import { checkFormat } from '../check-format.ts'
import type { CommandContext, CommandHandler } from '../command-spec.ts'
import { cliErrors } from '../errors.ts'
import { loadConfig, noteProblems } from '../load-config.ts'
import type { vmcpValidateSpec } from '../specs/vmcp.ts'
import { withBackends } from '../with-backends.ts'

/** `thv vmcp validate`. */
export const vmcpValidate: CommandHandler<typeof vmcpValidateSpec> = async (flags, context) => {
  const format = checkFormat(flags.format)
  if (!flags.config) throw cliErrors.FLAG_REQUIRED({ flag: '--config', value: 'FILE' })
  const { config } = await loadConfig(flags.config, context)
  const live = flags.live ? await checkLive(await withBackends(config, context)) : []
  const errors = live.filter((problem) => problem.severity === 'error')
  // What the backends tell of a place is more than what the file alone tells of it.
  const told = new Set(live.map(placeOf))
  const notes = [
    ...config.remarks.filter((remark) => !told.has(placeOf(remark))),
    ...config.unsupported,
    ...live.filter((problem) => problem.severity !== 'error'),
  ]
  if (errors.length > 0) {
    noteProblems([...notes, ...errors], context)
    const details = { file: flags.config, count: errors.length, problems: errors }
    throw cliErrors.VALIDATION_FAILED(details)
  }
  if (format === 'json') context.print(toJson(config, notes))
  else printSummary(config, notes, flags.config, context)
  return 0
}

function placeOf({ file, line, column, path }: Problem): string {
  return `${file}:${line}:${column} ${path}`
}

async function checkLive(config: VmcpConfig): Promise<readonly Problem[]> {
  const { validateLive } = await import('../../app/validate-live.ts')
  return validateLive(config, { log: silentLogger })
}

function printSummary(
  config: VmcpConfig,
  notes: readonly Problem[],
  file: string,
  { print }: CommandContext,
): void {
  print(`✓ ${file} is valid`)
  for (const [name, value] of summary(config)) print(`  ${name}: ${value}`)
  for (const note of notes) print(`  ${note.severity}: ${renderProblem(note)}`)
  if (config.unsupported.length === 0) return
  const missing = config.unsupported.map(({ path }) => path).join(', ')
  print(`✓ valid, but this version cannot serve it: \`serve\` would refuse ${missing}`)
}

function summary(config: VmcpConfig): [name: string, value: string][] {
  const { outgoingAuth } = config
  const count = Object.keys(outgoingAuth.backends).length
  const outgoing = count > 0 ? `${count} backends configured` : 'default only'
  return [
    ['Name', config.name],
    ['Group', config.groupRef],
    [
      'Backends',
      config.backends.length > 0 ? String(config.backends.length) : 'those of the group',
    ],
    ['Incoming Auth', config.incomingAuth.type],
    ['Outgoing Auth', `${outgoing} (source: ${outgoingAuth.source})`],
    ['Conflict Resolution', config.aggregation.conflictResolution],
    ['Composite Tools', String(config.composites.length)],
  ]
}

function toJson(config: VmcpConfig, notes: readonly Problem[]): string {
  const { name, groupRef, incomingAuth, outgoingAuth, aggregation } = config
  const facts = {
    valid: true,
    servable: config.unsupported.length === 0,
    name,
    group: groupRef,
    backends: config.backends.map((backend) => backend.name),
    incomingAuth: incomingAuth.type,
    outgoingAuth: {
      source: outgoingAuth.source,
      backends: Object.keys(outgoingAuth.backends),
    },
    conflictResolution: aggregation.conflictResolution,
    compositeTools: config.composites.map(({ plan }) => plan.name),
    warnings: notes.filter(({ severity }) => severity === 'warning'),
    notes: notes.filter(({ severity }) => severity === 'note'),
  }
  return JSON.stringify(facts, undefined, 2)
}
