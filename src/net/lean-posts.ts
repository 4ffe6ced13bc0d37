import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { DenseList } from '../base/dense-list.ts'
import type { Now } from '../base/clock.ts'
import type { HttpRequest, HttpResponse } from './http-message.ts'
import { LeanConnection, type LeanHost } from './lean/lean-connection.ts'

export interface LeanPostsOptions {
  /** The one path whose POSTs are served here. */
  readonly path: string
  serve(request: HttpRequest, response: HttpResponse): void
  readonly now: Now
  /** How often connections are looked at that may wait too long. */
  readonly sweepMs?: number
}

export interface LeanPosts {
  /** Ends what waits for a request, and everything else after its answer. */
  closeIdle(): void
  closeAll(): void
}

const DEFAULT_SWEEP_MS = 2_500

/**
 * Puts a short way in front of a node:http server: plain POSTs to one path are read and answered on the socket, at a third
 * of the cost. Whatever is not of the plainest kind (another method, chunks, a head in two pieces, a mistake) hands its
 * connection to the server, with all bytes, for good; so the server decides all that is unusual (docs/decisions/015).
 */
export function serveLeanPosts(server: Server, options: LeanPostsOptions): LeanPosts {
  const handlers = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  const connections = new DenseList<LeanConnection>()
  const { keepAliveTimeout, headersTimeout } = server
  const { sweepMs = DEFAULT_SWEEP_MS } = options
  const keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveTimeout / 1000)}\r\n\r\n`
  let date: string | undefined
  let sweeper: NodeJS.Timeout | undefined
  let closing = false

  const host: LeanHost = {
    path: options.path,
    get closing() {
      return closing
    },
    headEnd: (closes) => dateField() + (closes ? CLOSE : keepAlive),
    serve: options.serve,
    left(connection) {
      connections.delete(connection)
    },
    handOver(socket) {
      for (const handle of handlers) handle.call(server, socket)
    },
  }
  server.removeAllListeners('connection')
  server.on('connection', (socket) => {
    connections.add(new LeanConnection(socket, host))
    sweeper ??= setInterval(sweep, sweepMs).unref()
  })

  /** As text for the second that runs: reading and printing the clock for every answer is dear. */
  function dateField(): string {
    if (date === undefined) {
      const nowMs = options.now()
      date = `Date: ${new Date(nowMs).toUTCString()}\r\n`
      setTimeout(() => (date = undefined), 1000 - (nowMs % 1000)).unref()
    }
    return date
  }

  function sweep(): void {
    if (connections.size === 0) {
      clearInterval(sweeper)
      sweeper = undefined
    }
    connections.forEach((connection) => {
      if (!connection.waitsForClient) return
      connection.quietMs += sweepMs
      const limitMs = connection.served ? keepAliveTimeout : headersTimeout
      if (connection.quietMs > limitMs) connection.destroy()
    })
  }

  return {
    closeIdle() {
      closing = true
      connections.forEach((connection) => {
        if (connection.isIdle) connection.destroy()
      })
    },
    closeAll() {
      connections.forEach((connection) => connection.destroy())
      clearInterval(sweeper)
    },
  }
}

const CLOSE = 'Connection: close\r\n\r\n'
