import { randomBytes } from 'node:crypto'
import { userInfo } from 'node:os'
import { systemNow } from '../base/clock.ts'
import { newUuid } from '../base/ids.ts'
import { createHttpEdge } from '../mcp/http-edge.ts'
import { createOutbound } from '../net/outbound.ts'
import { openStorage } from '../storage/open-storage.ts'
import { createChildProcesses } from '../system/child-process.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createAuthenticate } from './authenticate.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { createVmcpGateway, toSettings } from './create-vmcp-gateway.ts'
import { appErrors } from './errors.ts'
import { serveHttp } from './serve-http.ts'

/** What a gateway needs to start. */
export interface ServeOptions {
  readonly config: VmcpConfig
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  readonly log: Logger
  /** Speak MCP on stdin and stdout instead of listening. */
  readonly stdio?: boolean
}

/** A gateway that runs. */
export interface RunningVmcp {
  /** `http://127.0.0.1:4483/mcp`; undefined on stdio. */
  readonly url: string | undefined
  /** Resolves when it has ended, by `close` or because stdin did. */
  readonly closed: Promise<void>
  /** Puts another configuration into effect; sessions and calls in flight stay. Rejects if that cannot be done. */
  reload(config: VmcpConfig): Promise<void>
  /** Drains and stops. */
  close(): Promise<void>
}

/** Starts a gateway. */
export async function serveVmcp(options: ServeOptions): Promise<RunningVmcp> {
  const { log, host, port } = options
  let config = options.config
  const info = { name: config.name, version: '0.1.0' }
  const outbound = createOutbound()
  const children = createChildProcesses()
  const store = await openStorage({ provider: 'memory' }, { now: systemNow })
  const key = randomBytes(32)
  const gateway = createVmcpGateway({
    config: () => config,
    info,
    outbound,
    children,
    store,
    key,
    stages: [],
    aroundBackend: (_backend, _call, request, go) => go(request),
    onBackendState: () => {},
    onCatalogue: () => {},
    newId: newUuid,
    now: systemNow,
    log,
  })
  const edge = createHttpEdge({
    port: gateway,
    info,
    authenticate: createAuthenticate(config.incomingAuth, userInfo().username),
    limits: { maxBodyBytes: config.operational.limits.maxBodyBytes },
    stateKey: key,
    newId: newUuid,
    now: systemNow,
    log,
  })
  const listener = await serveHttp({ host, port, handlers: [(req, res) => edge.handle(req, res)] })
  gateway.start()
  log.info({ url: `${listener.origin}/mcp` }, 'Listening')
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  return {
    url: `${listener.origin}/mcp`,
    closed,
    async reload(next) {
      config = next
      await gateway.reconfigure(toSettings(next))
    },
    async close() {
      await edge.drain(config.operational.drain.timeoutMs)
      edge.close()
      await listener.close(1000)
      await gateway.close()
      await children.close()
      await outbound.close()
      await store.close()
      resolve()
    },
  }
}
