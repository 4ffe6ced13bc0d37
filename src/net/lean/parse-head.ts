import type { IncomingHttpHeaders } from 'node:http'
import { withoutBlanks } from './response-head.ts'

/** The head of a plain POST. */
export interface Head {
  /** As it came, with the empty line. */
  readonly bytes: Buffer
  readonly headers: IncomingHttpHeaders
  readonly bodyBytes: number
}

const MAX_HEAD_BYTES = 16 * 1024
const HEAD_END = Buffer.from('\r\n\r\n')
/** RFC 9112 5: no space around the name, no control characters in the value. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const UNFIT = /[^\t\x20-\x7e\x80-\xff]/
const LENGTH = /^\d{1,9}$/
/** What changes the framing or the life of a connection is for the full parser. */
const NOT_PLAIN: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'expect',
  'upgrade',
  'trailer',
  'te',
  'proxy-connection',
  'keep-alive',
  'set-cookie',
  '__proto__',
])

/**
 * Reads the head at the start of `chunk`, if it is a POST to `path` of the plainest kind: HTTP/1.1, whole, every name once, a
 * Content-Length, kept alive. Undefined: it is anything else, which may be right or wrong; the full parser knows.
 */
export function parseHead(chunk: Buffer, path: string): Head | undefined {
  const end = chunk.indexOf(HEAD_END)
  if (end < 0 || end > MAX_HEAD_BYTES) return undefined
  const [requestLine, ...lines] = chunk.toString('latin1', 0, end).split('\r\n')
  if (requestLine !== `POST ${path} HTTP/1.1`) return undefined
  const headers = readFields(lines)
  if (headers?.host === undefined) return undefined
  const length = headers['content-length']
  if (length === undefined || !LENGTH.test(length)) return undefined
  const connection = headers.connection ?? 'keep-alive'
  if (connection.toLowerCase() !== 'keep-alive') return undefined
  return { bytes: Buffer.from(chunk.subarray(0, end + 4)), headers, bodyBytes: Number(length) }
}

/** True if `chunk` begins with the same head: most requests of a connection do. */
export function startsWith(chunk: Buffer, { bytes }: Head): boolean {
  return (
    chunk.length >= bytes.length && chunk.compare(bytes, 0, bytes.length, 0, bytes.length) === 0
  )
}

function readFields(lines: readonly string[]): IncomingHttpHeaders | undefined {
  const headers: IncomingHttpHeaders = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon)).toLowerCase()
    if (!NAME.test(name) || UNFIT.test(line)) return undefined
    if (NOT_PLAIN.has(name) || Object.hasOwn(headers, name)) return undefined
    headers[name] = withoutBlanks(line, colon + 1)
  }
  return headers
}
