import { createServer, request as httpRequest, type Server } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { gatewayConfig, startGateway, type Gateway } from './gateway.ts'
import { createTempDir } from './temp-dir.ts'

/** Several replicas of one gateway with one store, and a balancer in front that knows nothing of sessions. */
export interface Fleet extends AsyncDisposable {
  readonly replicas: readonly Gateway[]
  /** The balancer's `/mcp`: each request goes to the next replica, or to `next` if that is set. */
  readonly url: string
  /** The replica that gets the requests from now on; undefined: one after the other. */
  next: number | undefined
  /** SIGKILL; the balancer leaves it out. */
  kill(index: number): Promise<void>
  /** SIGSTOP or SIGCONT. */
  signal(index: number, signal: 'SIGSTOP' | 'SIGCONT'): void
}

export interface FleetOptions {
  readonly count?: number
  readonly backends: Record<string, Record<string, unknown>>
  /** Further sections of the file. */
  readonly rest?: Record<string, unknown>
  /** Value of `sessionStorage`; default: one SQLite file for all. */
  readonly sessionStorage?: Record<string, unknown>
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { count = 3, backends, rest = {} } = options
  const home = await createTempDir()
  const sessionStorage = options.sessionStorage ?? {
    provider: 'sqlite',
    path: join(home.path, 'sessions.db'),
  }
  const yaml = gatewayConfig(backends, { sessionStorage, cluster: {}, ...rest })
  const replicas: Gateway[] = []
  const gone = new Set<number>()
  let turn = 0
  const balancer = createServer((incoming, outgoing) => {
    const alive = replicas.map((_, index) => index).filter((index) => !gone.has(index))
    const index = fleet.next ?? alive[turn++ % alive.length] ?? 0
    const { host: _, ...headers } = incoming.headers
    const target = new URL(incoming.url ?? '/', replicas[index]!.origin)
    const sent = httpRequest(
      target,
      { method: incoming.method, headers, agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
        answer.on('error', () => outgoing.destroy())
      },
    )
    sent.on('error', () => {
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(502).end('no replica')
    })
    outgoing.on('close', () => sent.destroy())
    incoming.pipe(sent)
  })
  const fleet: Fleet & { next: number | undefined } = {
    replicas,
    url: await listen(balancer),
    next: undefined,
    async kill(index) {
      gone.add(index)
      const { process: child } = replicas[index]!.child
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
    signal: (index, signal) => void replicas[index]!.child.process.kill(signal),
    async [Symbol.asyncDispose]() {
      balancer.close()
      balancer.closeAllConnections()
      for (const { child } of replicas) child.process.kill('SIGCONT')
      await Promise.all(replicas.map((each) => each[Symbol.asyncDispose]()))
      await home[Symbol.asyncDispose]()
    },
  }
  try {
    for (let i = 0; i < count; i++) replicas.push(await startGateway(yaml))
    return fleet
  } catch (error) {
    await fleet[Symbol.asyncDispose]()
    throw error
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}
