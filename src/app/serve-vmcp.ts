import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

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
export async function serveVmcp(_options: ServeOptions): Promise<RunningVmcp> {
  throw new Error('not wired yet')
}
