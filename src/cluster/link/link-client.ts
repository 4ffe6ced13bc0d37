import type { IncomingMessage } from 'node:http'
import { Agent, request as tlsRequest } from 'node:https'
import { clusterErrors } from '../errors.ts'
import type { Replica } from '../replica.ts'
import { CLIENT_HEADER, SEAL_HEADER } from './headers.ts'
import type { LinkTls } from '../read-link-tls.ts'
import { tlsClientByKey, type LinkKeys } from './link-keys.ts'
import { makeSeal } from './seal.ts'

export interface LinkSend {
  readonly method?: string
  /** Path with query, beginning with `/link/`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** Sealed with the request: see `headers.ts`. */
  readonly client?: string
  readonly body?: Buffer
  /** Until the head of the answer has come; absent: as long as it takes. */
  readonly timeoutMs?: number
  /** Gives up; the other replica sees the connection end. */
  readonly signal?: AbortSignal
}

/** Sends requests to other replicas over kept connections. */
export interface LinkClient {
  /** Resolves with the head of the answer. Rejects with CLUSTER_LINK. */
  send(to: Replica, request: LinkSend): Promise<IncomingMessage>
  /** A JSON request with a JSON answer. Rejects with CLUSTER_LINK; `undefined` for another status than 200. */
  ask(to: Replica, path: string, value: object, how?: AskOptions): Promise<unknown>
  close(): void
}

export interface AskOptions {
  /** Default: 10 s. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface LinkClientOptions {
  readonly selfId: string
  readonly keys: LinkKeys
  /** Certificates; without them the key makes the connection safe. */
  readonly tls?: LinkTls
  readonly connectTimeoutMs?: number
}

const CONNECT_TIMEOUT_MS = 2_000
const ASK_TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

export function createLinkClient(options: LinkClientOptions): LinkClient {
  const { selfId, keys, tls, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options
  const [{ key }] = keys
  // Replicas come and go with their addresses: that the fleet's own CA signed is what counts.
  const safe =
    tls === undefined ? tlsClientByKey(keys) : { ...tls, checkServerIdentity: () => undefined }
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, ...safe })
  let number = 0

  function send(to: Replica, request: LinkSend): Promise<IncomingMessage> {
    const { method = 'POST', path, client = '', body = EMPTY } = request
    number++
    const sealed = { from: selfId, to: to.id, number, method, path, extra: client, body }
    const headers: Record<string, string | string[] | number> = {
      ...request.headers,
      [SEAL_HEADER]: makeSeal(key, sealed),
      'content-length': body.length,
    }
    if (client !== '') headers[CLIENT_HEADER] = client
    return new Promise((resolve, reject) => {
      let connected = false
      let timer: NodeJS.Timeout | undefined
      const { hostname, port } = new URL(to.url)
      const sent = tlsRequest({
        host: hostname.replace(/^\[|\]$/g, ''),
        port: port === '' ? 443 : port,
        path,
        method,
        headers,
        agent,
        ...(request.signal ? { signal: request.signal } : {}),
      })
      const fail = (error: NodeJS.ErrnoException): void => {
        clearTimeout(timer)
        const refused = error.code === 'ECONNREFUSED'
        const denied = !connected && isOfHandshake(error)
        const reason = denied ? 'it has another key or certificate' : error.message
        const details = { replica: to.id, reason, sent: connected, refused, denied }
        reject(clusterErrors.LINK(details, error))
      }
      const limit = (ms: number | undefined, what: string): void => {
        clearTimeout(timer)
        if (ms === undefined) return
        timer = setTimeout(() => sent.destroy(new Error(`${what} within ${ms} ms`)), ms)
      }
      limit(connectTimeoutMs, 'no connection')
      const onConnected = (): void => {
        connected = true
        limit(request.timeoutMs, 'no answer')
      }
      sent.on('socket', (socket) => {
        if (!socket.connecting) onConnected()
        else socket.once('secureConnect', onConnected)
      })
      sent.on('error', fail)
      sent.on('response', (response) => {
        clearTimeout(timer)
        // Whoever reads it sees the end; without a reader an error must not be an uncaught one.
        response.on('error', () => {})
        resolve(response)
      })
      sent.end(body)
    })
  }

  return {
    send,
    async ask(to, path, value, { timeoutMs = ASK_TIMEOUT_MS, signal } = {}) {
      const response = await send(to, {
        path,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(value)),
        timeoutMs,
        ...(signal === undefined ? {} : { signal }),
      })
      const text = await readText(response, to)
      return response.statusCode === 200 && text !== '' ? (JSON.parse(text) as unknown) : undefined
    },
    close: () => agent.destroy(),
  }
}

async function readText(response: IncomingMessage, to: Replica): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response) {
      chunks.push(chunk as Buffer)
      size += (chunk as Buffer).length
      if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too large')
    }
  } catch (error) {
    const reason = (error as Error).message
    throw clusterErrors.LINK({ replica: to.id, reason, sent: true, ...OPEN }, error)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What OpenSSL says of the beginning of a connection. */
function isOfHandshake({ code = '' }: NodeJS.ErrnoException): boolean {
  return code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')
}

const OPEN = { refused: false, denied: false }
const EMPTY = Buffer.alloc(0)
