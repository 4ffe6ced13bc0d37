import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A load balancer that knows nothing of sessions. */
export interface Balancer extends AsyncDisposable {
  /** `/mcp` behind it: each request goes to the next target, or to `next` if that is set. */
  readonly url: string
  /** Index of the target that gets the requests from now on; undefined: one after the other. */
  next: number | undefined
  /** Leaves a target out. */
  drop(index: number): void
}

/** `targets`: origins; more may be added while it runs. */
export async function startBalancer(targets: readonly string[]): Promise<Balancer> {
  const dropped = new Set<number>()
  let turn = 0
  const server = createServer((incoming, outgoing) => {
    const left = targets.map((_, index) => index).filter((index) => !dropped.has(index))
    const index = balancer.next ?? left[turn++ % left.length] ?? 0
    const { host: _, ...headers } = incoming.headers
    const url = new URL(incoming.url ?? '/', targets[index])
    const sent = httpRequest(url, { method: incoming.method, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      outgoing.flushHeaders()
      answer.pipe(outgoing)
      answer.on('error', () => outgoing.destroy())
    })
    sent.on('error', () => {
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(502).end('no replica')
    })
    outgoing.on('close', () => sent.destroy())
    incoming.pipe(sent)
  })
  const balancer: Balancer = {
    url: await listen(server),
    next: undefined,
    drop: (index) => void dropped.add(index),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
  return balancer
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}
