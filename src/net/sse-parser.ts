import { ByteList } from './byte-list.ts'

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20
/** So many data lines of one event become one piece of memory. */
const MANY_LINES = 1024

export interface SseHandler {
  /** A whole event. `data` is a view of the stream where possible: use it at once or copy it. */
  onEvent(data: Buffer, event: string): void
  /** The event id to resume after; also sent alone (priming events). */
  onId?(id: string): void
  /** Milliseconds to wait before reconnecting. */
  onRetry?(retryMs: number): void
  /** An event exceeds the limit; nothing is parsed after it. */
  onTooLong(lengthBytes: number): void
}

/**
 * Incremental parser of `text/event-stream` (WHATWG HTML 9.2) on bytes: CR, LF and CRLF line ends, comments, several data
 * lines, a leading byte order mark. Data is never decoded. As there, an event whose stream ends before its blank line is
 * dropped, and an event without data is not reported.
 */
export class SseParser {
  readonly #handler: SseHandler
  readonly #maxBytes: number
  /** Beginning of a line whose end has not come yet. */
  readonly #begun = new ByteList()
  #data: Buffer[] = []
  /** Lines of `#data` that were many, joined. */
  #blocks: Buffer[] = []
  #dataBytes = 0
  #event = ''
  #skipLf = false
  #first = true
  #dead = false

  constructor(handler: SseHandler, maxBytes: number) {
    this.#handler = handler
    this.#maxBytes = maxBytes
  }

  push(chunk: Buffer): void {
    let start = 0
    let nextCr = chunk.indexOf(CR)
    let nextLf = chunk.indexOf(LF)
    while (!this.#dead && start < chunk.length) {
      if (this.#skipLf) {
        this.#skipLf = false
        if (chunk[start] === LF) {
          start++
          continue
        }
      }
      if (nextCr >= 0 && nextCr < start) nextCr = chunk.indexOf(CR, start)
      if (nextLf >= 0 && nextLf < start) nextLf = chunk.indexOf(LF, start)
      const end = nextCr < 0 || (nextLf >= 0 && nextLf < nextCr) ? nextLf : nextCr
      const lengthBytes =
        this.#begun.length + this.#dataBytes + (end < 0 ? chunk.length : end) - start
      if (lengthBytes > this.#maxBytes) return this.#giveUp(lengthBytes)
      if (end < 0) {
        this.#begun.push(start === 0 ? chunk : chunk.subarray(start))
        return
      }
      this.#skipLf = chunk[end] === CR
      this.#line(this.#joined(chunk.subarray(start, end)))
      start = end + 1
    }
  }

  #joined(tail: Buffer): Buffer {
    if (this.#begun.length === 0) return tail
    this.#begun.push(tail)
    return this.#begun.take()
  }

  #line(whole: Buffer): void {
    let line = whole
    if (this.#first) {
      this.#first = false
      if (line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) line = line.subarray(3)
    }
    if (line.length === 0) return this.#dispatch()
    if (isDataField(line)) {
      const from = line.length < 6 ? line.length : line[5] === SPACE ? 6 : 5
      const data = line.length === 4 ? line.subarray(4) : line.subarray(from)
      this.#data.push(data)
      this.#dataBytes += data.length + 1
      if (this.#data.length === MANY_LINES) {
        this.#blocks.push(joinLines(this.#data))
        this.#data = []
      }
    } else if (line[0] !== COLON) {
      this.#field(line.toString('utf8'))
    }
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#handler.onId?.(value)
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) this.#handler.onRetry?.(Number(value))
  }

  #dispatch(): void {
    const lines = this.#blocks.length === 0 ? this.#data : [...this.#blocks, ...this.#data]
    this.#blocks = []
    const event = this.#event
    const empty = this.#dataBytes <= 1
    this.#event = ''
    this.#dataBytes = 0
    if (lines.length === 0) return
    this.#data = []
    if (empty) return
    this.#handler.onEvent(lines.length === 1 ? lines[0]! : joinLines(lines), event)
  }

  #giveUp(lengthBytes: number): void {
    this.#dead = true
    this.#begun.clear()
    this.#data = []
    this.#blocks = []
    this.#handler.onTooLong(lengthBytes)
  }
}

/** `data`, alone or before a colon. */
function isDataField(line: Buffer): boolean {
  return (
    line[0] === 0x64 &&
    line[1] === 0x61 &&
    line[2] === 0x74 &&
    line[3] === 0x61 &&
    (line.length === 4 || line[4] === COLON)
  )
}

function joinLines(lines: Buffer[]): Buffer {
  const parts: Buffer[] = []
  for (const line of lines) parts.push(line, NEWLINE)
  parts.pop()
  return Buffer.concat(parts)
}

const NEWLINE = Buffer.from([LF])
