import { isUtf8 } from 'node:buffer'
import { parseJson } from '../../base/parse-json.ts'
import { MAX_DEPTH, skipSpace, skipValue } from '../json-skip.ts'

/** What is wrong with a message that `parseMessage` refuses. */
export const NOT_A_MESSAGE = `it is not JSON in UTF-8, at most ${MAX_DEPTH} levels deep`

/**
 * What a client sent, as a value; numbers that JavaScript cannot hold are kept. Undefined if it is not JSON in UTF-8, or
 * so deep that writing it again would take the stack.
 */
export function parseMessage(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return undefined
  try {
    const value = parseJson(bytes.toString('utf8'))
    return bytes.length > 2 * MAX_DEPTH && isTooDeep(bytes) ? undefined : value
  } catch {
    return undefined
  }
}

/** The bytes are JSON: then nothing but its depth stops the walk. */
function isTooDeep(bytes: Buffer): boolean {
  return skipValue(bytes, skipSpace(bytes, 0)) < 0
}
