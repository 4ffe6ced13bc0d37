import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../../scripts/support/free-port.ts'
import { startRedis, type RedisServer } from '../../fixtures/redis/redis-server.ts'
import { gatewayConfig } from '../../support/gateway.ts'
import { createTempDir } from '../../support/temp-dir.ts'
import { countingStdio, startCountingHttp, startEverything, type HttpBackend } from './backends.ts'
import { startHaproxy, type Haproxy } from './haproxy.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { createReplica, type Replica } from './replica.ts'
import { startSlowProxy, type SlowProxy } from './slow-proxy.ts'

export interface GroundOptions {
  /** Further sections of the replicas' file. */
  readonly rest?: Readonly<Record<string, unknown>>
  /** Environment of one replica on top of the others'. */
  readonly replicaEnv?: (index: number) => Readonly<Record<string, string>>
}

/** Everything a scenario plays on, all on loopback and all real: Redis, three replicas, HAProxy, backends. */
export interface Ground extends AsyncDisposable {
  readonly redis: RedisServer
  /** Between the replicas and Redis. */
  readonly redisWay: SlowProxy
  readonly replicas: readonly Replica[]
  readonly balancer: Haproxy
  /** Stateful, over HTTP; its tools are `shop_*`. */
  readonly shop: HttpBackend
  readonly ledger: Ledger
  /** Starts a replica again, with the environment it had. */
  restart(index: number): Promise<void>
  /** Keeps what the replicas wrote, to be looked at. */
  saveLogs(folder: string): Promise<void>
}

const REPLICAS = 3

export async function openGround(options: GroundOptions = {}): Promise<Ground> {
  const { rest = {}, replicaEnv = () => ({}) } = options
  const stack = new AsyncDisposableStack()
  try {
    const folder = stack.use(await createTempDir('thv-chaos-'))
    const ledger = await createLedger(folder.path)
    // What Redis has it finds again: else no session would outlive its restart, whoever keeps it.
    const redis = stack.use(await startRedis({ args: ['--appendonly', 'yes'] }))
    const redisWay = stack.use(await startSlowProxy(redis.port))
    const shop = stack.use(await startCountingHttp(ledger.path))
    const everything = stack.use(await startEverything())
    const backends = {
      shop: shop.entry,
      local: countingStdio(ledger.path),
      everything: everything.entry,
    }
    const file = join(folder.path, 'vmcp.yaml')
    const address = `127.0.0.1:${redisWay.port}`
    await writeFile(file, gatewayConfig(backends, { ...SETTINGS, ...storage(address), ...rest }))
    const key = { THV_CLUSTER_KEY: randomBytes(32).toString('hex') }
    const home = { HOME: folder.path, XDG_STATE_HOME: folder.path, XDG_CONFIG_HOME: folder.path }
    const ports: number[] = []
    for (let index = 0; index < REPLICAS; index++) ports.push(await freePort())
    const replicas = ports.map((port) => stack.use(createReplica(port, file, { ...key, ...home })))
    const restart = (index: number) => replicas[index]!.start(replicaEnv(index))
    await Promise.all(replicas.map((_, index) => restart(index)))
    const balancer = stack.use(await startHaproxy(ports, folder.path))
    return {
      redis,
      redisWay,
      replicas,
      balancer,
      shop,
      ledger,
      restart,
      async saveLogs(to) {
        await mkdir(to, { recursive: true })
        const saved = replicas.map((each, index) =>
          writeFile(join(to, `replica${index}.log`), each.output()),
        )
        await Promise.all(saved)
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

const SETTINGS = {
  aggregation: {
    conflictResolution: 'prefix',
    conflictResolutionConfig: { prefixFormat: '{workload}_' },
  },
  operational: { drain: { delay: '3s', timeout: '10s', gracePeriod: '30s' } },
}

function storage(address: string): Record<string, unknown> {
  return { sessionStorage: { provider: 'redis', address } }
}
