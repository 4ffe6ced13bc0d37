import { ANONYMOUS } from '../../mcp/caller.ts'
import type { BackendConnection, BackendRequest } from '../../mcp/backend-connection.ts'
import { Cancellation } from '../../base/cancellation.ts'
import { systemNow } from '../../base/clock.ts'
import { newUuid } from '../../base/ids.ts'
import type { LegacyResume } from '../../mcp/connect-backend.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import { resultReply, type Reply } from '../../mcp/reply.ts'
import { storageErrors } from '../../storage/errors.ts'
import type { KeyValue } from '../../storage/key-value.ts'
import { createSealer } from '../../storage/sealing.ts'
import { silentLogger, type Logger } from '../../telemetry/logger.ts'
import { openCluster, type Cluster, type ClusterTimes } from '../open-cluster.ts'
import { placeKey, type Place } from '../owner.ts'
import { serveConnections } from '../serve-connections.ts'

/** A connection of a test: counts what it was asked. */
export interface TestConnection extends BackendConnection {
  readonly name: string
  count: number
  closed: boolean | 'kept'
  inFlight: number
  /** As a child that dies. */
  readonly end: () => void
  answer: (request: BackendRequest) => Promise<Reply>
}

/** A replica with a place for connections, reachable over a real link. */
export interface TestReplica extends AsyncDisposable {
  readonly cluster: Cluster
  readonly opened: TestConnection[]
  readonly lost: string[]
  /** See `ServedConnections`. */
  readonly idle: () => Promise<void>
  /** Opens the connection of a place as a gateway would. */
  connect(place: Place, options?: ConnectOptions): Promise<BackendConnection>
  /** As SIGKILL: the link is gone, the entry stays. */
  kill(): Promise<void>
}

export interface ConnectOptions {
  readonly isProcess?: boolean
  readonly lostSessionId?: string
  readonly delayMs?: number
  readonly isAgain?: boolean
}

export const SECRET = Buffer.from('the key of all replicas of a test')
const SEALER = createSealer([{ id: 'test', key: Buffer.alloc(32, 7) }])
export const PLACE: Place = {
  owner: { kind: 'session', id: 's1', principal: ANONYMOUS },
  backend: 'memory',
}

export function testRequest(changes: Partial<BackendRequest> = {}): BackendRequest {
  return {
    method: 'tools/call',
    params: { name: 'count' },
    capabilities: {},
    wantsProgress: false,
    cancellation: new Cancellation(),
    timeouts: { idleMs: 5_000, absoluteMs: 0 },
    ...changes,
  }
}

export async function startReplica(
  store: KeyValue,
  options: {
    times?: Partial<ClusterTimes>
    sealed?: boolean
    elapsed?: () => number
    gateway?: string
    log?: Logger
    secrets?: readonly [Buffer, ...Buffer[]]
  } = {},
): Promise<TestReplica> {
  let isCutOff = false
  const own = new Proxy(store, {
    get: (target, name: keyof KeyValue) =>
      isCutOff ? () => Promise.reject(new Error('cut off')) : target[name].bind(target),
  })
  const cluster = await openCluster({
    gateway: options.gateway ?? 'test',
    store: own,
    keyPrefix: 'cluster:',
    host: '127.0.0.1',
    port: 0,
    urlFor: (port) => `http://127.0.0.1:${port}`,
    linkSecrets: options.secrets ?? [SECRET],
    sealer: options.sealed === true ? SEALER : undefined,
    ttlMs: () => 60_000,
    maxMessageBytes: 1_000_000,
    times: { beatMs: 50, entryMs: 2_000, pingMs: 1_000, ...options.times },
    now: systemNow,
    ...(options.elapsed === undefined ? {} : { elapsed: options.elapsed }),
    log: options.log ?? silentLogger,
  })
  const places = new Map<string, Promise<BackendConnection>>()
  const opened: TestConnection[] = []
  const lost: string[] = []

  async function connect(place: Place, how: ConnectOptions = {}): Promise<BackendConnection> {
    const key = placeKey(place)
    const isProcess = how.isProcess ?? true
    const made = cluster.connections.connect({
      place,
      isProcess,
      async open(resume, onEnded) {
        await new Promise((resolve) => setTimeout(resolve, how.delayMs ?? 0))
        const name = `${cluster.self.id} ${opened.length}`
        const connection = testConnection(name, isProcess, resume, onEnded)
        opened.push(connection)
        return connection
      },
      server: () => undefined,
      lostSessionId: how.lostSessionId,
      isAgain: how.isAgain ?? false,
      onLost: (reason, isUntold = false) => {
        lost.push(isUntold ? `${reason}, untold` : reason)
        places.delete(key)
      },
    })
    places.set(key, made)
    return made
  }

  const served = serveConnections({
    use: async (place, run) => run(await (places.get(placeKey(place)) ?? connect(place))),
    isLeaving: () => cluster.isLeaving,
    selfId: cluster.self.id,
    newId: newUuid,
  })
  for (const [path, handler] of served.handlers) cluster.handle(path, handler)
  try {
    await cluster.start()
  } catch (error) {
    await cluster.close()
    throw error
  }
  return {
    cluster,
    opened,
    lost,
    idle: served.idle,
    connect,
    async kill() {
      isCutOff = true
      await cluster.close()
    },
    async [Symbol.asyncDispose]() {
      await cluster.close()
    },
  }
}

/** The store, as if Redis were not there. */
export function awayWhen(away: { readonly is: boolean }, store: KeyValue): KeyValue {
  return new Proxy(store, {
    get: (target, name: keyof KeyValue) =>
      away.is
        ? () => Promise.reject(storageErrors.REDIS_AWAY({ store: 'test', reason: 'cut off' }))
        : target[name].bind(target),
  })
}

function testConnection(
  name: string,
  isProcess: boolean,
  resume: LegacyResume | undefined,
  onEnded: (() => void) | undefined,
): TestConnection {
  const connection: TestConnection = {
    name,
    count: 0,
    closed: false,
    era: 'legacy',
    transport: isProcess ? 'stdio' : 'streamable-http',
    version: '2025-11-25',
    server: { info: { name: 'test', version: '1' }, capabilities: { tools: {} } },
    ...(isProcess ? {} : { sessionId: resume?.sessionId ?? `session of ${name}` }),
    inFlight: 0,
    answer: async () => resultReply({ count: ++connection.count, by: name }),
    request(request) {
      if (connection.closed !== false) {
        const gone = { backend: 'test', reason: 'closed', ran: 'no' } as const
        return Promise.reject(mcpErrors.BACKEND_GONE(gone))
      }
      return connection.answer(request)
    },
    notify() {},
    end: () => onEnded?.(),
    async close(how) {
      connection.closed = how?.keepSession === true ? 'kept' : true
    },
  }
  return connection
}
