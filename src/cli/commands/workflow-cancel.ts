import { checkFormat } from '../check-format.ts'
import type { CommandHandler } from '../command-spec.ts'
import { findRun, pathOfRun } from '../find-run.ts'
import { postToGateway } from '../gateway-api.ts'
import type { workflowCancelSpec } from '../specs/workflow.ts'

/** `thv workflow cancel RUN`. */
export const workflowCancel: CommandHandler<typeof workflowCancelSpec> = async (
  flags,
  { print },
) => {
  const format = checkFormat(flags.format)
  const id = await findRun(flags.url, flags.run)
  const body = flags.reason === undefined ? {} : { reason: flags.reason }
  const done = await postToGateway(flags.url, pathOfRun(id, '/cancel'), body)
  print(format === 'json' ? JSON.stringify(done) : `Run ${id} is being cancelled`)
  return 0
}
