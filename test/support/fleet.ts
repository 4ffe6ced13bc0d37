import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serveVmcp, type RunningVmcp } from '../../src/app/serve-vmcp.ts'
import { parseVmcpConfig } from '../../src/app/load-vmcp-config.ts'
import { silentLogger, type Logger } from '../../src/telemetry/logger.ts'
import { startBalancer, type Balancer } from './balancer.ts'
import { gatewayConfig, startGateway, type Gateway } from './gateway.ts'
import { createTempDir } from './temp-dir.ts'

export interface FleetOptions {
  /** Default: 3. */
  readonly count?: number
  readonly backends: Record<string, Record<string, unknown>>
  /** Further sections of the file. */
  readonly rest?: Record<string, unknown>
  /** Value of `sessionStorage`; default: one SQLite file for all. */
  readonly sessionStorage?: Record<string, unknown>
  /** Added to the section `cluster`. */
  readonly cluster?: Record<string, unknown>
}

/** Several replicas of one gateway with one store, behind a balancer that knows nothing of sessions. */
export interface Fleet extends Balancer {
  readonly replicas: readonly Gateway[]
  /** SIGKILL; the balancer leaves it out. */
  kill(index: number): Promise<void>
  /** SIGSTOP or SIGCONT. */
  signal(index: number, signal: 'SIGSTOP' | 'SIGCONT'): void
}

/** Each replica is a process, as in earnest. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const home = await createTempDir()
  const yaml = await fleetConfig(options, home.path)
  const replicas: Gateway[] = []
  const origins: string[] = []
  const balancer = await startBalancer(origins)
  const fleet: Fleet = Object.assign(balancer, {
    replicas,
    async kill(index: number) {
      balancer.drop(index)
      const { process: child } = replicas[index]!.child
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
    signal: (index: number, signal: 'SIGSTOP' | 'SIGCONT') =>
      void replicas[index]!.child.process.kill(signal),
  })
  const endBalancer = balancer[Symbol.asyncDispose]
  fleet[Symbol.asyncDispose] = async () => {
    await endBalancer()
    for (const { child } of replicas) child.process.kill('SIGCONT')
    await Promise.all(replicas.map((each) => each[Symbol.asyncDispose]()))
    await home[Symbol.asyncDispose]()
  }
  try {
    for (let i = 0; i < (options.count ?? 3); i++) {
      const replica = await startGateway(yaml)
      replicas.push(replica)
      origins.push(replica.origin)
    }
    return fleet
  } catch (error) {
    await fleet[Symbol.asyncDispose]()
    throw error
  }
}

/** Replicas in the process of the test. */
export interface NearFleet extends Balancer {
  /** The `/mcp` of each. */
  readonly urls: readonly string[]
  /** Where their links listen. */
  readonly links: () => string[]
}

/** The same in this process: quicker, for what does not need a death. */
export async function startNearFleet(options: FleetOptions): Promise<NearFleet> {
  const home = await createTempDir()
  const parsed = await parseVmcpConfig(
    await fleetConfig(options, home.path),
    'fleet.yaml',
    process.env,
  )
  if (parsed.config === undefined) throw new Error(JSON.stringify(parsed.problems))
  const replicas: RunningVmcp[] = []
  const links: string[] = []
  for (let i = 0; i < (options.count ?? 3); i++) {
    const replica = await serveVmcp({
      config: parsed.config,
      host: '127.0.0.1',
      port: 0,
      log: noting(links),
    })
    replicas.push(replica)
  }
  const urls = replicas.map(({ url = '' }) => url)
  const balancer = await startBalancer(urls.map((url) => new URL(url).origin))
  const endBalancer = balancer[Symbol.asyncDispose]
  return Object.assign(balancer, {
    urls,
    links: () => links,
    async [Symbol.asyncDispose]() {
      await endBalancer()
      await Promise.all(replicas.map((each) => each.close()))
      await home[Symbol.asyncDispose]()
    },
  })
}

/** A silent logger that keeps the addresses of links. */
function noting(links: string[]): Logger {
  const log: Logger = {
    ...silentLogger,
    info(fields) {
      const { link } = fields as { link?: string }
      if (link !== undefined) links.push(link)
    },
    child: () => log,
  }
  return log
}

async function fleetConfig(
  { backends, rest = {}, sessionStorage, cluster = {} }: FleetOptions,
  home: string,
): Promise<string> {
  const keyFile = join(home, 'fleet.key')
  await writeFile(keyFile, randomBytes(32).toString('hex'))
  return gatewayConfig(backends, {
    sessionStorage: sessionStorage ?? { provider: 'sqlite', path: join(home, 'sessions.db') },
    cluster: { keyFile, ...cluster },
    ...rest,
  })
}
