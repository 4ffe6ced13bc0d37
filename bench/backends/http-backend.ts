/**
 * The HTTP fixture backend: HTTP/1.1 by hand on sockets, so that it costs little beside what is measured. One process,
 * three ports (dual era, legacy only, modern only). A path that contains `sse` answers as an event stream. Prints
 * `{"dual":port,"legacy":port,"modern":port}` and runs until its stdin ends.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import {
  answerHead,
  errorText,
  isModernRequest,
  type FixtureEra,
  type FixtureRequest,
} from './answers.ts'

const HEADER_END = Buffer.from('\r\n\r\n')
const sessions = new Set<string>()

const ports: Record<string, number> = {}
for (const era of ['dual', 'legacy', 'modern'] as const) ports[era] = await listen(era)
process.stdout.write(`${JSON.stringify(ports)}\n`)
process.stdin.on('end', () => process.exit(0)).resume()

function listen(era: FixtureEra): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => serve(socket, era))
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', 4096, () => resolve((server.address() as AddressInfo).port))
  })
}

function serve(socket: Socket, era: FixtureEra): void {
  let rest: Buffer | undefined
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    let bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
    rest = undefined
    while (bytes.length > 0) {
      const headerEnd = bytes.indexOf(HEADER_END)
      if (headerEnd < 0) break
      const header = bytes.toString('latin1', 0, headerEnd)
      const end = headerEnd + 4 + Number(headerValue(header, 'content-length') ?? 0)
      if (bytes.length < end) break
      answer(socket, header, bytes.toString('utf8', headerEnd + 4, end), era)
      bytes = bytes.subarray(end)
    }
    if (bytes.length > 0) rest = bytes
  })
}

function answer(socket: Socket, header: string, body: string, era: FixtureEra): void {
  if (header.startsWith('GET')) return respond(socket, 405, '')
  if (header.startsWith('DELETE')) return respond(socket, 200, '')
  const request = JSON.parse(body) as FixtureRequest
  if (request.id === undefined) return respond(socket, 202, '')
  const sessionProblem = checkSession(request, header)
  if (sessionProblem !== undefined) {
    const text = errorText(request.id, -32000, sessionProblem.message)
    return respond(socket, sessionProblem.status, text)
  }
  const head = answerHead(request, era)
  if ('error' in head) return respond(socket, head.httpStatus, head.error)
  const id = JSON.stringify(request.id)
  const session = request.method === 'initialize' ? openSession() : ''
  if (isSsePath(header)) respondSse(socket, head, id, session)
  else respondJson(socket, head, id, session)
}

function checkSession(
  request: FixtureRequest,
  header: string,
): { status: number; message: string } | undefined {
  if (isModernRequest(request) || request.method === 'initialize') return undefined
  const id = headerValue(header, 'mcp-session-id')
  if (id === undefined) return { status: 400, message: 'Bad Request: Server not initialized' }
  return sessions.has(id) ? undefined : { status: 404, message: 'Session not found' }
}

function openSession(): string {
  const id = randomUUID()
  sessions.add(id)
  return `mcp-session-id: ${id}\r\n`
}

function respondJson(socket: Socket, head: Buffer, id: string, session: string): void {
  const length = head.length + id.length + 1
  const start = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${session}content-length: ${length}\r\n\r\n`
  writeParts(socket, start, head, `${id}}`)
}

function respondSse(socket: Socket, head: Buffer, id: string, session: string): void {
  const eventBytes = 21 + head.length + id.length + 3
  const start =
    `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n${session}` +
    `transfer-encoding: chunked\r\n\r\n${eventBytes.toString(16)}\r\nevent: message\ndata: `
  writeParts(socket, start, head, `${id}}\n\n\r\n0\r\n\r\n`)
}

function writeParts(socket: Socket, start: string, head: Buffer, end: string): void {
  if (head.length < 4096) {
    socket.write(start + head.toString('latin1') + end, 'latin1')
    return
  }
  socket.cork()
  socket.write(start, 'latin1')
  socket.write(head)
  socket.write(end, 'latin1')
  socket.uncork()
}

function respond(socket: Socket, status: number, body: string): void {
  const type = body === '' ? '' : 'content-type: application/json\r\n'
  socket.write(
    `HTTP/1.1 ${status} Status\r\n${type}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

function isSsePath(header: string): boolean {
  return header.slice(0, header.indexOf('\r')).includes('sse')
}

/** The value of a header, whatever the case of its name. */
function headerValue(header: string, name: string): string | undefined {
  let at = header.indexOf(`\r\n${name}:`)
  if (at < 0) at = header.toLowerCase().indexOf(`\r\n${name}:`)
  if (at < 0) return undefined
  const start = at + name.length + 3
  const end = header.indexOf('\r', start)
  return header.slice(start, end < 0 ? undefined : end).trim()
}
