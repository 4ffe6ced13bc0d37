import { findApiKey } from '../app/api-key.ts'
import { AppError } from '../base/errors.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { cliErrors } from './errors.ts'

const TIMEOUT_MS = 30_000

/** A running gateway, and the key that it asks for. */
export interface GatewayAddress {
  readonly url: string
  /** Undefined: there is none; the gateway says what to do. */
  readonly key: string | undefined
}

/** The gateway at an address. Its key is for this machine: nobody else gets it. */
export async function gatewayAt(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<GatewayAddress> {
  const isHere = URL.canParse(url) && LOOPBACK.test(new URL(url).hostname)
  return { url, key: isHere ? await findApiKey(env) : undefined }
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Asks a running gateway. Rejects with its own error, or with CLI_NO_GATEWAY. */
export async function getFromGateway(gateway: GatewayAddress, path: string): Promise<JsonObject> {
  const response = await request(gateway, path, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  return readObject(response, gateway.url)
}

/** Has a running gateway do something. Rejects as `getFromGateway`. */
export async function postToGateway(
  gateway: GatewayAddress,
  path: string,
  body: JsonObject,
): Promise<JsonObject> {
  const response = await request(gateway, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  return readObject(response, gateway.url)
}

/** The data of the events of a stream, in their order, until it ends. Rejects as `getFromGateway`. */
export async function* followGateway(
  gateway: GatewayAddress,
  path: string,
): AsyncGenerator<{ name: string; data: JsonObject }> {
  const response = await request(gateway, path, { headers: { accept: 'text/event-stream' } })
  if (!response.ok) await readObject(response, gateway.url)
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

interface Init extends Omit<RequestInit, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>
}

async function request({ url, key }: GatewayAddress, path: string, init: Init): Promise<Response> {
  const headers = {
    ...init.headers,
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  }
  let target: URL
  try {
    target = new URL(path, url)
  } catch (error) {
    const hint = '--url http://127.0.0.1:4483'
    throw cliErrors.BAD_VALUE({ flag: '--url', value: url, reason: 'is no address', hint }, error)
  }
  try {
    return await fetch(target, { ...init, headers })
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
