import type { RunView } from '../../api/run-views.ts'
import { RUN_STANDINGS } from '../../workflow/outcome.ts'
import { checkChoice } from '../check-choice.ts'
import { checkFormat } from '../check-format.ts'
import type { CommandHandler } from '../command-spec.ts'
import { gatewayAt, getFromGateway, type GatewayAddress } from '../gateway-api.ts'
import { renderRuns } from '../render-runs.ts'
import type { workflowListSpec } from '../specs/workflow.ts'

/** `thv workflow list`. */
export const workflowList: CommandHandler<typeof workflowListSpec> = async (
  flags,
  { print, note, env },
) => {
  const format = checkFormat(flags.format)
  const gateway = await gatewayAt(flags.url, env)
  const query = new URLSearchParams({ limit: flags.limit })
  if (flags.status !== undefined) {
    query.set('status', checkChoice('--status', flags.status, RUN_STANDINGS, 'a status of runs'))
  }
  if (flags.workflow !== undefined) query.set('workflow', flags.workflow)
  const found = await getFromGateway(gateway, `/api/workflows?${query}`)
  if (format === 'json') {
    print(JSON.stringify(found, undefined, 2))
    return 0
  }
  const runs = found['runs'] as unknown as RunView[]
  for (const line of renderRuns(runs)) print(line)
  if (runs.length === 0 && (await hasNoTools(gateway))) {
    note(`The gateway at ${flags.url} has no composite tools`)
  }
  const more = Number(found['total']) - runs.length
  if (more > 0) note(`${more} more: --limit ${runs.length + more}`)
  return 0
}

async function hasNoTools(gateway: GatewayAddress): Promise<boolean> {
  const { tools } = await getFromGateway(gateway, '/api/workflows/definitions')
  return Array.isArray(tools) && tools.length === 0
}
