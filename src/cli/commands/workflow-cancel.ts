import { checkFormat } from '../check-format.ts'
import type { CommandHandler } from '../command-spec.ts'
import { findRun, pathOfRun } from '../find-run.ts'
import { gatewayAt, postToGateway } from '../gateway-api.ts'
import type { workflowCancelSpec } from '../specs/workflow.ts'

/** `thv workflow cancel RUN`. */
export const workflowCancel: CommandHandler<typeof workflowCancelSpec> = async (
  flags,
  { print, env },
) => {
  const format = checkFormat(flags.format)
  const gateway = await gatewayAt(flags.url, env)
  const id = await findRun(gateway, flags.run)
  const body = flags.reason === undefined ? {} : { reason: flags.reason }
  const done = await postToGateway(gateway, pathOfRun(id, '/cancel'), body)
  print(format === 'json' ? JSON.stringify(done) : `Run ${id} is being cancelled`)
  return 0
}
