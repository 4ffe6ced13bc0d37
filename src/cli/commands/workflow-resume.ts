import { checkFormat } from '../check-format.ts'
import type { CommandHandler } from '../command-spec.ts'
import { findRun, pathOfRun } from '../find-run.ts'
import { gatewayAt, postToGateway } from '../gateway-api.ts'
import type { workflowResumeSpec } from '../specs/workflow.ts'

/** `thv workflow resume RUN`. */
export const workflowResume: CommandHandler<typeof workflowResumeSpec> = async (
  flags,
  { print, env },
) => {
  const format = checkFormat(flags.format)
  const gateway = await gatewayAt(flags.url, env)
  const id = await findRun(gateway, flags.run)
  const done = await postToGateway(gateway, pathOfRun(id, '/resume'), {})
  print(
    format === 'json'
      ? JSON.stringify(done)
      : `Run ${id} goes on; watch it: thv workflow show ${id} --follow\n` +
          `Its caller has been told of its end: if it asks something, thv workflow answer ${id}`,
  )
  return 0
}
