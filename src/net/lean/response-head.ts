import type { ResponseHeaders } from '../http-call.ts'

/** The head of a response, read. */
export interface ResponseHead {
  /** As it came, with the empty line. */
  readonly bytes: Buffer
  readonly status: number
  readonly headers: ResponseHeaders
  /** How long the body is (RFC 9112 6.3): so many bytes, in chunks, or until the connection ends. */
  readonly body: number | 'chunked' | 'to-end'
  readonly keepsAlive: boolean
  /** What `Keep-Alive: timeout` says, milliseconds. */
  readonly keepAliveMs: number | undefined
}

export const MAX_RESPONSE_HEAD_BYTES = 16 * 1024
const HEAD_END = Buffer.from('\r\n\r\n')
const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: .*)?$/
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const UNFIT = /[^\t\x20-\x7e\x80-\xff]/
const LENGTH = /^\d{1,15}$/

/** The head at the start of `bytes`; undefined: it is not all there. Throws an Error that says what is wrong with it. */
export function readResponseHead(bytes: Buffer): ResponseHead | undefined {
  const end = bytes.indexOf(HEAD_END)
  if (end > MAX_RESPONSE_HEAD_BYTES || (end < 0 && bytes.length > MAX_RESPONSE_HEAD_BYTES)) {
    throw new Error(`its response head has more than ${MAX_RESPONSE_HEAD_BYTES} bytes`)
  }
  if (end < 0) {
    if (bytes.length >= 5 && bytes.toString('latin1', 0, 5) !== 'HTTP/') throw notHttp()
    return undefined
  }
  const [statusLine, ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const match = STATUS_LINE.exec(statusLine!)
  if (!match) throw notHttp()
  const status = Number(match[2])
  const headers = readFields(lines)
  const options = all(headers['connection']).toLowerCase()
  return {
    bytes: Buffer.from(bytes.subarray(0, end + 4)),
    status,
    headers,
    body: bodyOf(status, headers),
    keepsAlive: match[1] === '1' ? !hasOption(options, 'close') : hasOption(options, 'keep-alive'),
    keepAliveMs: keepAliveOf(all(headers['keep-alive'])),
  }
}

function bodyOf(status: number, headers: ResponseHeaders): ResponseHead['body'] {
  const length = headers['content-length']
  const coding = headers['transfer-encoding']
  if (length !== undefined && (typeof length !== 'string' || !LENGTH.test(length))) {
    throw new Error('its response has a broken Content-Length')
  }
  if (coding !== undefined) {
    // Both at once are two answers to one question: a sign of smuggling (RFC 9112 6.3).
    if (length !== undefined) throw new Error('its response has a Content-Length and chunks')
    if (typeof coding !== 'string' || coding.toLowerCase() !== 'chunked') {
      throw new Error(`its response has the unknown transfer coding ${JSON.stringify(coding)}`)
    }
  }
  if (status < 200 || status === 204 || status === 304) return 0
  if (coding !== undefined) return 'chunked'
  return length === undefined ? 'to-end' : Number(length)
}

function readFields(lines: readonly string[]): ResponseHeaders {
  const headers: ResponseHeaders = Object.create(null) as ResponseHeaders
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon)).toLowerCase()
    if (!NAME.test(name) || UNFIT.test(line)) throw new Error('its response has a broken header')
    const value = withoutBlanks(line, colon + 1)
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (Array.isArray(before)) before.push(value)
    else headers[name] = [before, value]
  }
  return headers
}

/** `trim` would take more than blanks and tabs. */
export function withoutBlanks(line: string, from: number): string {
  let start = from
  let end = line.length
  while (start < end && isBlank(line.charCodeAt(start))) start++
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--
  return line.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function all(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

function hasOption(options: string, wanted: string): boolean {
  return options.split(',').some((option) => option.trim() === wanted)
}

function keepAliveOf(value: string): number | undefined {
  const match = /(?:^|[\s,;])timeout=(\d{1,6})/i.exec(value)
  return match ? Number(match[1]) * 1000 : undefined
}

function notHttp(): Error {
  return new Error('its answer is not HTTP/1.1')
}
