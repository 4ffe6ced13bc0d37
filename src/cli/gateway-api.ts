import { AppError } from '../base/errors.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { cliErrors } from './errors.ts'

const TIMEOUT_MS = 30_000

/** Asks a running gateway. Rejects with its own error, or with CLI_NO_GATEWAY. */
export async function getFromGateway(url: string, path: string): Promise<JsonObject> {
  return readObject(await request(url, path, { signal: AbortSignal.timeout(TIMEOUT_MS) }), url)
}

/** Has a running gateway do something. Rejects as `getFromGateway`. */
export async function postToGateway(
  url: string,
  path: string,
  body: JsonObject,
): Promise<JsonObject> {
  const response = await request(url, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  return readObject(response, url)
}

/** The data of the events of a stream, in their order, until it ends. Rejects as `getFromGateway`. */
export async function* followGateway(
  url: string,
  path: string,
): AsyncGenerator<{ name: string; data: JsonObject }> {
  const response = await request(url, path, { headers: { accept: 'text/event-stream' } })
  if (!response.ok) await readObject(response, url)
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true })
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
      const value: unknown = data === undefined ? undefined : JSON.parse(data)
      if (name !== undefined && isJsonObject(value)) yield { name, data: value }
    }
  }
}

async function request(url: string, path: string, init: RequestInit): Promise<Response> {
  let target: URL
  try {
    target = new URL(path, url)
  } catch (error) {
    const hint = '--url http://127.0.0.1:4483'
    throw cliErrors.BAD_VALUE({ flag: '--url', value: url, reason: 'is no address', hint }, error)
  }
  try {
    return await fetch(target, init)
  } catch (error) {
    throw cliErrors.NO_GATEWAY({ url, reason: reasonOf(error) }, error)
  }
}

async function readObject(response: Response, url: string): Promise<JsonObject> {
  const text = await response.text()
  const value = parse(text)
  if (response.ok && isJsonObject(value)) return value
  if (isJsonObject(value) && typeof value['code'] === 'string') {
    const { code, title, hint } = value
    throw new AppError({
      code,
      fault: response.status < 500 ? 'caller' : 'environment',
      status: response.status,
      message: typeof title === 'string' ? title : code,
      hint: typeof hint === 'string' ? hint : undefined,
    })
  }
  const reason = `HTTP ${response.status}, and nothing that a gateway would say`
  throw cliErrors.NO_GATEWAY({ url, reason })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error) return (cause as { code?: string }).code ?? cause.message
  return error instanceof Error ? error.message : String(error)
}
