import type { RunDetailsView } from '../../api/run-views.ts'
import { checkFormat } from '../check-format.ts'
import type { CommandHandler } from '../command-spec.ts'
import { findRun, pathOfRun } from '../find-run.ts'
import { followGateway, gatewayAt, getFromGateway } from '../gateway-api.ts'
import { renderEvent, renderRun } from '../render-runs.ts'
import type { workflowShowSpec } from '../specs/workflow.ts'

/** `thv workflow show RUN`. With --follow the exit code tells how it ended: 0 only if it completed. */
export const workflowShow: CommandHandler<typeof workflowShowSpec> = async (
  flags,
  { print, env },
) => {
  const format = checkFormat(flags.format)
  const gateway = await gatewayAt(flags.url, env)
  const id = await findRun(gateway, flags.run)
  if (flags.follow) {
    for await (const { name, data } of followGateway(gateway, pathOfRun(id, '/events'))) {
      if (format === 'json') print(JSON.stringify({ event: name, ...data }))
      else if (name !== 'run') print(renderEvent(name, data))
    }
  }
  const run = await getFromGateway(gateway, pathOfRun(id))
  if (format === 'json') {
    if (!flags.follow) print(JSON.stringify(run, undefined, 2))
  } else {
    if (flags.follow) print('')
    for (const line of renderRun(run as unknown as RunDetailsView)) print(line)
  }
  return flags.follow && run['status'] !== 'completed' ? 1 : 0
}
