import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'

/** What handlers use of a request, whoever has parsed it: `IncomingMessage` of node:http is one. */
export interface HttpRequest {
  readonly method?: string | undefined
  url?: string | undefined
  /** Names in lower case. Requests of one connection may share the object: it is for reading. */
  headers: IncomingHttpHeaders
  rawHeaders?: string[] | undefined
  readonly socket: Pick<Socket, 'remoteAddress'>
  /** The body, if it came together with the head: then there are no events. */
  readonly whole?: Buffer | undefined
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  /** `close` without `end`: the client went away in the middle. */
  on(event: 'end' | 'close' | 'error', listener: () => void): unknown
  /** Reads the rest of the body and drops it. */
  resume(): unknown
}

/** What handlers use of a response, whoever writes it: `ServerResponse` of node:http is one. */
export interface HttpResponse {
  readonly req: HttpRequest
  readonly headersSent: boolean
  readonly writableEnded: boolean
  /** Bytes that the system has not taken yet. */
  readonly writableLength: number
  /** The connection is gone. */
  readonly destroyed: boolean
  /** `close` was emitted: the response has ended, or the connection. */
  readonly closed: boolean
  readonly socket: Socket | null
  setHeader(name: string, value: string): unknown
  /** Names and values in turn. */
  writeHead(status: number, headers: string[]): unknown
  flushHeaders(): void
  /** What is written until `uncork` goes out in one piece. */
  cork(): void
  uncork(): void
  write(chunk: string | Buffer): boolean
  end(): unknown
  end(chunk: Buffer): unknown
  end(chunk: string, encoding: 'latin1' | 'utf8'): unknown
  on(event: 'close', listener: () => void): unknown
  /** `drain`: after `write` has said that it is enough for now. */
  once(event: 'close' | 'drain', listener: () => void): unknown
  /** Cuts the connection. */
  destroy(): unknown
}
