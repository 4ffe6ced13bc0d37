import type { VmcpConfig } from '../app/load-vmcp-config.ts'
import { audit } from '../policy/config.ts'

/** What flags of `serve` change in a configuration. */
export interface Overrides {
  readonly sessionTtlMs: number | undefined
  /** Adds an audit section with defaults, only if there is none. */
  readonly enableAudit: boolean
}

/** The configuration with the flags of `serve` in it. */
export function withOverrides(config: VmcpConfig, overrides: Overrides): VmcpConfig {
  const { sessionTtlMs, enableAudit } = overrides
  const { operational } = config
  const sessions =
    sessionTtlMs === undefined
      ? operational.sessions
      : { ...operational.sessions, ttlMs: sessionTtlMs }
  return {
    ...config,
    operational: { ...operational, sessions },
    ...(enableAudit && config.audit === undefined ? { audit: audit.parse({}) } : {}),
  }
}
