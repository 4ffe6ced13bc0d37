import type { IncomingMessage } from 'node:http'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { apiErrors } from './errors.ts'

const MAX_BYTES = 64 * 1024

/** Reads the small JSON object of a POST; nothing is `{}`. Rejects with API_NOT_JSON or API_BAD_BODY. */
export async function readBody(request: IncomingMessage): Promise<JsonObject> {
  // A page of another origin can post forms, but JSON only after it was allowed to.
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw apiErrors.NOT_JSON({})
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw apiErrors.BAD_BODY({ reason: `is over ${MAX_BYTES} bytes` })
    chunks.push(chunk)
  }
  if (bytes === 0) return {}
  const value = parse(Buffer.concat(chunks).toString('utf8'))
  if (!isJsonObject(value)) throw apiErrors.BAD_BODY({ reason: 'is not a JSON object' })
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
