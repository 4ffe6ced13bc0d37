/**
 * The bare HTTP → stdio bridge: `node:http`, one child for all, ids replaced, one write per turn of the loop; nothing
 * else. Usage: `stdio-forwarder.ts PORT COMMAND ARGUMENT…`.
 */
import { spawn } from 'node:child_process'
import { createServer, type ServerResponse } from 'node:http'

const LINE_FEED = 10
const [port, command, ...args] = process.argv.slice(2) as [string, string, ...string[]]
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
const waiting = new Map<number, { id: unknown; response: ServerResponse }>()
let lastId = 0
let queue: string[] = []
let rest: Buffer | undefined

createServer((request, response) => {
  let body: Buffer | undefined
  request.on('data', (chunk: Buffer) => {
    body = body === undefined ? chunk : Buffer.concat([body, chunk])
  })
  request.on('end', () => forward(body?.toString() ?? '', response))
}).listen(Number(port), '127.0.0.1', 4096)

child.stdout.on('data', (chunk: Buffer) => {
  const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
  let start = 0
  for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
    answer(bytes.toString('utf8', start, end))
    start = end + 1
  }
  rest = start < bytes.length ? bytes.subarray(start) : undefined
})

function forward(text: string, response: ServerResponse): void {
  const message = JSON.parse(text) as { id?: unknown }
  if (message.id === undefined) response.writeHead(202).end()
  else {
    lastId += 1
    waiting.set(lastId, { id: message.id, response })
    message.id = lastId
  }
  if (queue.push(JSON.stringify(message), '\n') === 2) setImmediate(flush)
}

function flush(): void {
  child.stdin.write(queue.join(''))
  queue = []
}

function answer(line: string): void {
  const message = JSON.parse(line) as { id: number }
  const call = waiting.get(message.id)
  if (call === undefined) return
  waiting.delete(message.id)
  const body = JSON.stringify({ ...message, id: call.id })
  call.response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'mcp-session-id': 'the-only-one',
  })
  call.response.end(body)
}
