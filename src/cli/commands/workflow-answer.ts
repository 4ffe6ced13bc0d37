import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { parseJsonText } from '../../base/parse-json-text.ts'
import { checkFormat } from '../check-format.ts'
import type { CommandHandler } from '../command-spec.ts'
import { cliErrors } from '../errors.ts'
import { findRun, pathOfRun } from '../find-run.ts'
import { gatewayAt, postToGateway } from '../gateway-api.ts'
import type { workflowAnswerSpec } from '../specs/workflow.ts'

/** `thv workflow answer RUN`. */
export const workflowAnswer: CommandHandler<typeof workflowAnswerSpec> = async (
  { accept, decline, cancel, question, ...flags },
  { print, env },
) => {
  const format = checkFormat(flags.format)
  const given = [accept !== undefined, decline, cancel].filter(Boolean).length
  if (given !== 1) {
    throw cliErrors.FLAG_REQUIRED({
      flag: '--accept, --decline or --cancel (one of them)',
      value: '',
    })
  }
  const answer: JsonObject =
    accept === undefined
      ? { action: decline ? 'decline' : 'cancel' }
      : { action: 'accept', content: readContent(accept) }
  const gateway = await gatewayAt(flags.url, env)
  const id = await findRun(gateway, flags.run)
  const body = question === undefined ? answer : { ...answer, question }
  const done = await postToGateway(gateway, pathOfRun(id, '/answer'), body)
  print(
    format === 'json'
      ? JSON.stringify(done)
      : `Run ${id} has its answer; watch it: thv workflow show ${id} --follow`,
  )
  return 0
}

function readContent(text: string): JsonObject {
  const bad = (reason: string, cause?: unknown) =>
    cliErrors.BAD_VALUE(
      { flag: '--accept', value: text, reason, hint: `--accept '{"name": "value"}'` },
      cause,
    )
  let content: unknown
  try {
    content = parseJsonText(text)
  } catch (error) {
    throw bad('is not JSON', error)
  }
  if (!isJsonObject(content)) throw bad('is not a JSON object')
  return content
}
