import { readFile } from 'node:fs/promises'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { parseJsonText } from '../base/parse-json-text.ts'
import { createArgumentsCheck } from '../workflow/check-arguments.ts'
import type { WorkflowPlan } from '../workflow/plan.ts'
import { cliErrors } from './errors.ts'

/**
 * The value of --args as arguments of the tool, checked against its parameters, defaults filled in. Throws CLI_BAD_VALUE with
 * everything that is wrong.
 */
export async function readArguments(text: string, plan: WorkflowPlan): Promise<JsonObject> {
  const args = toObject(text.startsWith('@') ? await readText(text) : text, text)
  const checked = createArgumentsCheck(plan.parameters)(args)
  if (checked.ok) return checked.args
  const mistakes = checked.mistakes.map(({ path, reason }) =>
    path === '' ? reason : `${path} ${reason}`,
  )
  throw badArgs(text, `does not fit ${plan.name}: ${mistakes.join('; ')}`)
}

async function readText(value: string): Promise<string> {
  try {
    return await readFile(value.slice(1), 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw badArgs(value, `cannot be read: ${reason}`)
  }
}

function toObject(text: string, value: string): JsonObject {
  let args: unknown
  try {
    args = parseJsonText(text)
  } catch (error) {
    throw badArgs(value, `is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (isJsonObject(args)) return args
  throw badArgs(value, 'is not a JSON object')
}

function badArgs(value: string, reason: string) {
  const hint = `--args '{"name": "value"}', or --args @FILE`
  return cliErrors.BAD_VALUE({ flag: '--args', value, reason, hint })
}
