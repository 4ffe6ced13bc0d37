import { connect, type Socket } from 'node:net'

const HEADER_END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = Buffer.from('0\r\n\r\n')

export interface RawAnswer {
  readonly status: number
  /** The header block as text, without the empty line. */
  readonly header: string
  /** Undefined when the caller did not ask to keep it. Chunked bodies are put together. */
  readonly body: Buffer | undefined
  readonly bodyBytes: number
}

/** A keep-alive HTTP/1.1 connection that does as little as a load generator can; one request at a time. */
export interface RawConnection {
  readonly socket: Socket
  /** Sends the bytes of one request; the handler gets its answer. `keep`: hand over the body as well. */
  send(request: Buffer | string, keep: boolean, onAnswer: (answer: RawAnswer) => void): void
  close(): void
}

export function openConnection(
  port: number,
  onFailure: (reason: string) => void,
): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      resolve(attach(socket, onFailure))
    })
  })
}

type BodyKind = 'length' | 'chunked'

function attach(socket: Socket, onFailure: (reason: string) => void): RawConnection {
  let onAnswer: ((answer: RawAnswer) => void) | undefined
  let keep = false
  let headerRest: Buffer | undefined
  let header: string | undefined
  let kind: BodyKind = 'length'
  let missing = 0
  let bodyBytes = 0
  let parts: Buffer[] = []
  let tail: Buffer = Buffer.alloc(0)
  let closed = false

  socket.on('data', onData)
  socket.on('error', (error) => fail(error.message))
  socket.on('close', () => fail('connection closed'))

  return {
    socket,
    send(request, keepBody, handler) {
      keep = keepBody
      onAnswer = handler
      socket.write(request)
    },
    close() {
      closed = true
      socket.destroy()
    },
  }

  function fail(reason: string): void {
    if (closed) return
    closed = true
    socket.destroy()
    onFailure(reason)
  }

  function onData(chunk: Buffer): void {
    if (header !== undefined) return takeBody(chunk)
    const bytes = headerRest === undefined ? chunk : Buffer.concat([headerRest, chunk])
    const end = bytes.indexOf(HEADER_END)
    if (end < 0) {
      headerRest = bytes
      return
    }
    headerRest = undefined
    const text = bytes.toString('latin1', 0, end)
    header = text
    startBody(text)
    takeBody(bytes.subarray(end + 4))
  }

  function startBody(text: string): void {
    bodyBytes = 0
    parts = []
    tail = tail.subarray(0, 0)
    const length = headerNumber(text, 'content-length')
    kind = length === undefined && hasChunks(text) ? 'chunked' : 'length'
    missing = length ?? 0
  }

  function takeBody(chunk: Buffer): void {
    bodyBytes += chunk.length
    if (keep && chunk.length > 0) parts.push(chunk)
    if (kind === 'length') {
      missing -= chunk.length
      if (missing <= 0) finish()
      return
    }
    tail = chunk.length >= 5 ? chunk.subarray(-5) : Buffer.concat([tail, chunk]).subarray(-5)
    if (tail.equals(LAST_CHUNK)) finish()
  }

  function finish(): void {
    const text = header!
    header = undefined
    const handler = onAnswer
    onAnswer = undefined
    const body = keep ? joinBody(parts, kind) : undefined
    handler?.({ status: Number(text.slice(9, 12)), header: text, body, bodyBytes })
  }
}

function joinBody(parts: Buffer[], kind: BodyKind): Buffer {
  const bytes = Buffer.concat(parts)
  if (kind === 'length') return bytes
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (!(size > 0)) break
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  return Buffer.concat(chunks)
}

function headerNumber(text: string, name: string): number | undefined {
  const value = headerValue(text, name)
  return value === undefined ? undefined : Number(value)
}

function hasChunks(text: string): boolean {
  return headerValue(text, 'transfer-encoding') === 'chunked'
}

/** The value of a header, whatever the case of its name. */
export function headerValue(text: string, name: string): string | undefined {
  let at = text.indexOf(`\r\n${name}:`)
  if (at < 0) at = text.toLowerCase().indexOf(`\r\n${name}:`)
  if (at < 0) return undefined
  const start = at + name.length + 3
  const end = text.indexOf('\r\n', start)
  return text.slice(start, end < 0 ? undefined : end).trim()
}
