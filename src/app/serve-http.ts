import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemNow } from '../base/clock.ts'
import type { HttpRequest, HttpResponse } from '../net/http-message.ts'
import { toOriginForm } from '../net/origin-form.ts'
import { serveLeanPosts, type LeanPosts } from '../net/lean-posts.ts'

export interface HttpListener {
  readonly port: number
  /** `http://host:port`, with a host that a client on this machine can use. */
  readonly origin: string
  /** Stops accepting; connections without a request in work end at once. Resolves when all have ended or after the time. */
  close(graceMs: number): Promise<void>
}

export interface ListenOptions {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** Returns false for a path that is not its own. */
  readonly handlers: readonly ((req: IncomingMessage, res: ServerResponse) => boolean)[]
  /** POSTs to this path, if they are plain, come here the short way; the handlers have to know the path, too. */
  readonly posts?: {
    readonly path: string
    serve(request: HttpRequest, response: HttpResponse): void
  }
}

/**
 * Listens and hands each request to the first handler that takes it. There is no deadline on answers: a call may take
 * as long as its timeouts say. Heads are bounded in size and time, bodies by the handlers.
 */
export async function serveHttp(options: ListenOptions): Promise<HttpListener> {
  const server = createServer(
    {
      requestTimeout: 0,
      headersTimeout: 10_000,
      keepAliveTimeout: 120_000,
      maxHeaderSize: 64 * 1024,
      noDelay: true,
    },
    (req, res) => {
      toOriginForm(req)
      for (const handle of options.handlers) if (handle(req, res)) return
      res.writeHead(404, { 'content-type': 'application/json' })
      res.end('{"error":"not found"}')
    },
  )
  server.maxConnections = 100_000
  const { posts } = options
  const lean = posts && serveLeanPosts(server, { ...posts, now: systemNow })
  await listen(server, options)
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `http://${reachable(options.host)}:${port}`,
    close: (graceMs) => closeServer(server, lean, graceMs),
  }
}

function listen(server: Server, options: ListenOptions): Promise<void> {
  const { host, port } = options
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // A long backlog: many clients come back at once after a restart.
    server.listen({ host, port, backlog: 4096 }, resolve)
  })
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

async function closeServer(
  server: Server,
  lean: LeanPosts | undefined,
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  lean?.closeIdle()
  const timer = setTimeout(() => {
    server.closeAllConnections()
    lean?.closeAll()
  }, graceMs)
  await closed
  clearTimeout(timer)
}
