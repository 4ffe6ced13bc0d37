import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Logger } from '../../telemetry/logger.ts'
import { clusterErrors } from '../errors.ts'
import { CLIENT_HEADER, SEAL_HEADER } from './headers.ts'
import type { LinkTls } from '../read-link-tls.ts'
import { tlsServerByKey, type LinkKeys } from './link-keys.ts'
import { isGenuine, readSeal, SeenNumbers } from './seal.ts'

/** A request of another replica: genuine, and here for the first time. */
export interface LinkRequest {
  readonly from: string
  /** Path with query. */
  readonly url: string
  readonly body: Buffer
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export type LinkHandler = (request: LinkRequest) => void | Promise<void>

export interface LinkServerOptions {
  readonly selfId: string
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  readonly keys: LinkKeys
  /** Certificates; without them the keys make connections safe. */
  readonly tls?: LinkTls
  readonly maxBodyBytes: number
  /** By the first two segments of the path, `/link/ping`. */
  readonly handlers: ReadonlyMap<string, LinkHandler>
  readonly log: Logger
}

export interface LinkServer {
  readonly port: number
  close(): Promise<void>
}

/** Listens for other replicas. Rejects with CLUSTER_CANNOT_LISTEN. */
export async function openLinkServer(options: LinkServerOptions): Promise<LinkServer> {
  const { host, port, tls } = options
  const seen = new SeenNumbers()
  const listener: RequestListener = (request, response) => {
    receive(options, seen, request, response).catch((error: unknown) => {
      options.log.warn({ err: error, path: request.url }, 'Cannot serve another replica')
      if (response.headersSent) response.destroy()
      else refuse(response, 500)
    })
  }
  const times = { requestTimeout: 60_000, headersTimeout: 10_000, keepAliveTimeout: 120_000 }
  const safe =
    tls === undefined
      ? tlsServerByKey(options.keys)
      : { ...tls, requestCert: true, rejectUnauthorized: true }
  const server = createServer(
    { ...times, handshakeTimeout: 10_000, noDelay: true, ...safe },
    listener,
  )
  server.on('tlsClientError', (error: Error) => {
    options.log.debug({ err: error }, 'Refused a connection that does not come from a replica')
  })
  await listen(server, host, port)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function receive(
  options: LinkServerOptions,
  seen: SeenNumbers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { selfId, keys, handlers } = options
  const url = request.url ?? '/'
  const seal = readSeal(headerOf(request, SEAL_HEADER))
  if (seal === undefined) return refuse(response, 401)
  const body = await readAll(request, options.maxBodyBytes)
  if (body === undefined) return refuse(response, 413)
  const sealed = {
    from: seal.from,
    to: selfId,
    number: seal.number,
    method: request.method ?? '',
    path: url,
    extra: headerOf(request, CLIENT_HEADER) ?? '',
    body,
  }
  const isOurs = keys.some(({ key }) => isGenuine(key, sealed, seal.mac))
  if (!isOurs || !seen.take(seal.from, seal.number)) {
    options.log.warn({ path: url }, 'Refused a request that does not come from a replica')
    return refuse(response, 401)
  }
  const handler = handlers.get(url.split('/', 3).join('/').split('?', 1)[0]!)
  if (handler === undefined) return refuse(response, 404)
  await handler({ from: seal.from, url, body, request, response })
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

async function readAll(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > maxBytes) return undefined
    chunks.push(chunk as Buffer)
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0, connection: 'close' })
  response.end()
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(clusterErrors.CANNOT_LISTEN({ host, port, reason: error.message }, error))
    })
    server.listen({ host, port, backlog: 1024 }, resolve)
  })
}

/** Answers with JSON; for handlers. */
export function answerLink(response: ServerResponse, status: number, value: object): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
  })
  response.end(body)
}
