import { isAppError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import type { DryRunOfComposite } from '../../app/dry-run-composite.ts'
import type { VmcpConfig } from '../../app/load-vmcp-config.ts'
import { silentLogger } from '../../telemetry/logger.ts'
import { renderDryRun } from '../../workflow/dry-run.ts'
import type { WorkflowPlan } from '../../workflow/plan.ts'
import { askOnTerminal } from '../ask-on-terminal.ts'
import { checkFormat } from '../check-format.ts'
import type { CommandContext, CommandHandler } from '../command-spec.ts'
import { cliErrors } from '../errors.ts'
import { findComposite } from '../find-composite.ts'
import { loadConfig, noteProblems } from '../load-config.ts'
import { openLog } from '../open-log.ts'
import { readArguments } from '../read-arguments.ts'
import type { workflowRunSpec } from '../specs/workflow.ts'
import { stopSignal } from '../stop-signal.ts'
import { withBackends } from '../with-backends.ts'

/** `thv workflow run FILE TOOL`. */
export const workflowRun: CommandHandler<typeof workflowRunSpec> = async (flags, context) => {
  const format = checkFormat(flags.format)
  const { file, tool } = flags
  const { config } = await loadConfig(file, context)
  const plan = findComposite(config, tool, file)
  const args = await readArguments(flags.args, plan)
  noteProblems(config.remarks, context)
  if (flags['dry-run']) {
    const { steps, unknownTools } = await planned(config, plan, args, context)
    if (unknownTools.length > 0) {
      context.note(
        `The types of arguments may differ: no backend told the input schema of ${unknownTools.join(', ')}`,
      )
    }
    if (format === 'json') context.print(JSON.stringify({ tool, steps }, undefined, 2))
    else for (const line of renderDryRun(steps)) context.print(line)
    return steps.some(({ problems }) => problems.length > 0) ? 1 : 0
  }
  if (config.unsupported.length > 0) {
    noteProblems(config.unsupported, context)
    throw cliErrors.UNSUPPORTED({ file, count: config.unsupported.length })
  }
  const { runComposite } = await import('../../app/run-composite.ts')
  using stop = stopSignal()
  const result = await runComposite({
    config: await withBackends(config, context),
    tool,
    args,
    ask: process.stdin.isTTY
      ? (request) => askOnTerminal(request, { input: process.stdin, output: process.stderr })
      : undefined,
    onProgress: (progress) => noteProgress(progress, context),
    stop: stop.signal,
    log: openLog({ level: flags.debug ? 'debug' : 'warn', format: 'auto', env: context.env }),
  }).catch((error: unknown) => {
    const isMute = !process.stdin.isTTY && isAppError(error, 'MCP_CLIENT_CANNOT_ANSWER')
    throw isMute ? cliErrors.NOBODY_TO_ASK({ tool }, error) : error
  })
  context.print(format === 'json' ? JSON.stringify(result, undefined, 2) : toText(result))
  return result['isError'] === true ? 1 : 0
}

/** A file that cannot be served yet, or has no backends here, has a plan all the same. */
async function planned(
  config: VmcpConfig,
  plan: WorkflowPlan,
  args: JsonObject,
  context: CommandContext,
): Promise<DryRunOfComposite> {
  const { dryRunComposite } = await import('../../app/dry-run-composite.ts')
  const canConnect = config.unsupported.length === 0
  const full = canConnect ? await withBackends(config, context).catch(() => config) : config
  const reachable = canConnect ? full : { ...config, backends: [] }
  return dryRunComposite({ config: reachable, plan, args, log: silentLogger })
}

function noteProgress({ progress, total, message }: JsonObject, { note }: CommandContext): void {
  const of = total === undefined ? '' : `/${JSON.stringify(total)}`
  note(`[${JSON.stringify(progress)}${of}] ${typeof message === 'string' ? message : ''}`)
}

/** What a person wants to see of a tool's result. */
function toText({ structuredContent, content }: JsonObject): string {
  if (structuredContent !== undefined) return JSON.stringify(structuredContent, undefined, 2)
  return JSON.stringify(content, undefined, 2)
}
