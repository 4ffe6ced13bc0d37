import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '../base/errors.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Principal } from '../mcp/caller.ts'
import type { Forwarded, ForwardedClient } from '../mcp/edge-peers.ts'
import type { HttpRequest, HttpResponse } from '../net/http-message.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Directory } from './directory.ts'
import { CLIENT_HEADER } from './link/headers.ts'
import type { LinkClient } from './link/link-client.ts'
import type { LinkRequest } from './link/link-server.ts'
import type { Replica } from './replica.ts'
import type { Silence, SilenceEnd } from './silence.ts'

/** Requests of clients come in here, with their own path behind it. */
export const EDGE_PATH = '/link/edge'

export interface ForwardParts {
  readonly directory: Pick<Directory, 'find' | 'isAlive' | 'bury'>
  readonly silence: Pick<Silence, 'of' | 'look'>
  readonly link: Pick<LinkClient, 'send'>
  /** How long a replica that does not answer is waited for, milliseconds. */
  readonly patienceMs?: number
  readonly log: Logger
}

/** A replica that says nothing for so long is asked whether it lives. Event streams say something more often. */
const LOOK_MS = 2_000
/** By then its entry in the store has told whether it is dead. */
const PATIENCE_MS = 12_000

/**
 * Hands a request of a client on to another replica, and its answer back as it comes. To one that stands still nothing is sent: it
 * would do that when it goes on.
 */
export async function forwardRequest(
  { directory, silence, link, patienceMs = PATIENCE_MS, log }: ForwardParts,
  to: string,
  request: HttpRequest,
  response: HttpResponse,
  { body = EMPTY, ...client }: ForwardedClient,
): Promise<Forwarded> {
  const mayAct = request.method === 'POST'
  let replica: Replica | undefined
  try {
    replica = await directory.find(to)
  } catch {
    // A stream can go on anywhere; what acts waits for the store to say who is there.
    return mayAct ? 'silent' : 'gone'
  }
  if (replica === undefined) return 'gone'
  const silent = silence.of(replica)
  if (silent !== undefined) {
    const end = await inPatience(silent, patienceMs)
    if (end !== 'alive') return end === 'dead' ? 'gone' : 'silent'
  }
  const abort = new AbortController()
  const watch = watchOver(silence, replica, abort)
  response.on('close', () => abort.abort())
  try {
    const answer = await link.send(replica, {
      method: request.method ?? 'GET',
      path: EDGE_PATH + (request.url ?? ''),
      headers: handedOn(request.headers),
      client: Buffer.from(JSON.stringify(client)).toString('base64url'),
      body,
      signal: abort.signal,
    })
    if (answer.statusCode === 503) {
      answer.resume()
      return 'gone'
    }
    await passBack(answer, response, watch.seen)
    return 'answered'
  } catch (error) {
    log.debug({ replica: to, err: error }, 'Cannot hand a request on')
    if (response.headersSent || response.destroyed) {
      response.destroy()
      return 'answered'
    }
    if (isAppError(error, 'CLUSTER_LINK') && error.details['sent'] === false) {
      // Others go on at once with what it had.
      if (error.details['refused'] === true) void directory.bury(to)
      else if (mayAct) {
        // It may only stand still, and what it has is there when it goes on.
        const end = await inPatience(silence.look(replica), patienceMs)
        return end === 'dead' ? 'gone' : 'silent'
      }
      return 'gone'
    }
    // It may have acted, or do so when it goes on: nobody must take that for a request that never was.
    if (mayAct) return 'unknown'
    return (await directory.isAlive(to)) ? 'silent' : 'gone'
  } finally {
    watch.stop()
  }
}

/** What `forwardRequest` sent: the request as the client made it, and who the client is. Undefined: it is not whole. */
export function readForwarded({
  url,
  request,
  body,
}: LinkRequest): Required<ForwardedClient> | undefined {
  request.url = url.slice(EDGE_PATH.length)
  const header = request.headers[CLIENT_HEADER]
  if (typeof header !== 'string') return undefined
  const client = parse(Buffer.from(header, 'base64url').toString('utf8'))
  if (!isJsonObject(client) || !isPrincipal(client['principal'])) return undefined
  const { principal, address } = client
  return { principal, address: typeof address === 'string' ? address : undefined, body }
}

function isPrincipal(value: unknown): value is Principal & JsonObject {
  return isJsonObject(value) && typeof value['binding'] === 'string'
}

function inPatience(end: Promise<SilenceEnd>, patienceMs: number): Promise<SilenceEnd | 'silent'> {
  return Promise.race([end, sleep(patienceMs, 'silent' as const, { ref: false })])
}

/** Gives up when the other replica is dead; a connection to one that stands still never breaks by itself. */
function watchOver(silence: Pick<Silence, 'look'>, replica: Replica, abort: AbortController) {
  let seenAt = performance.now()
  const timer = setInterval(() => {
    if (performance.now() - seenAt < LOOK_MS) return
    void silence.look(replica).then((end) => {
      if (end === 'dead') abort.abort()
    })
  }, LOOK_MS).unref()
  return {
    seen: () => void (seenAt = performance.now()),
    stop: () => clearInterval(timer),
  }
}

function passBack(
  answer: IncomingMessage,
  response: HttpResponse,
  seen: () => void,
): Promise<void> {
  response.writeHead(answer.statusCode ?? 502, listed(handedOn(answer.headers)))
  response.flushHeaders()
  return new Promise((resolve, reject) => {
    answer.on('data', (chunk: Buffer) => {
      seen()
      if (!response.write(chunk)) {
        answer.pause()
        response.once('drain', () => answer.resume())
      }
    })
    answer.on('end', () => {
      response.end()
      resolve()
    })
    answer.on('error', reject)
    answer.on('close', () => (answer.complete ? resolve() : reject(new Error('it broke off'))))
  })
}

/** Headers that belong to one connection or message, and credentials: the other replica knows who it is. */
const OF_ONE_HOP = new Set([
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'date',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function handedOn(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const own: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !OF_ONE_HOP.has(name) && !name.startsWith('x-thv-')) {
      own[name] = value
    }
  }
  return own
}

/** Names and values in turn. */
function listed(headers: Record<string, string | string[]>): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => [name, each]),
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const EMPTY = Buffer.alloc(0)
