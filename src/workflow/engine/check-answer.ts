import { isDeeperThan } from '../../base/json-depth.ts'
import type { JsonObject } from '../../base/json.ts'
import { compileSchema } from '../json-schema.ts'

const MAX_BYTES = 1024 * 1024
const MAX_DEPTH = 10

/** What is wrong with the content of an answer: too large, too deep, or not what was asked for. */
export function checkAnswer(schema: JsonObject, content: JsonObject): string | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(content))
  if (bytes > MAX_BYTES) return `it has ${bytes} bytes, at most ${MAX_BYTES}`
  if (isDeeperThan(content, MAX_DEPTH)) return `it is nested deeper than ${MAX_DEPTH}`
  const compiled = compileSchema(schema)
  // The definition was checked when it was read.
  if (!compiled.ok) return `its schema cannot be used: ${compiled.reason}`
  const mistakes = compiled.check(content)
  if (mistakes.length === 0) return undefined
  return mistakes.map(({ path, reason }) => `${path} ${reason}`.trim()).join('; ')
}
