import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'

/**
 * A forwarder of bytes that takes the gateway's place, to test the measure itself: through it nothing may be lost.
 * `node plain-proxy.ts --config FILE --port N`
 */
const { values } = parseArgs({ options: { config: { type: 'string' }, port: { type: 'string' } } })
const config = parse(readFileSync(values.config ?? '', 'utf8')) as { backends: { url: string }[] }
const target = new URL(config.backends[0]?.url ?? '')

const server = createServer((incoming, response) => {
  const { method, headers } = incoming
  const forwarded = request(target, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    response.flushHeaders()
    answer.pipe(response)
  })
  forwarded.on('error', () => response.destroy())
  response.on('close', () => forwarded.destroy())
  incoming.pipe(forwarded)
})
server.listen(Number(values.port ?? 0), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp\n`)
})
