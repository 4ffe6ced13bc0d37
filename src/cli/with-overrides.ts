import type { VmcpConfig } from '../app/load-vmcp-config.ts'
import { audit } from '../policy/config.ts'
import type { Problem } from '../schema/problem.ts'

/** What flags of `serve` change in a configuration. */
export interface Overrides {
  readonly sessionTtlMs: number | undefined
  /** Adds an audit section with defaults, only if there is none. */
  readonly enableAudit: boolean
  readonly optimizer: boolean
}

/** The configuration with the flags of `serve` in it. */
export function withOverrides(config: VmcpConfig, overrides: Overrides): VmcpConfig {
  const { sessionTtlMs, enableAudit, optimizer } = overrides
  const { operational } = config
  const sessions =
    sessionTtlMs === undefined
      ? operational.sessions
      : { ...operational.sessions, ttlMs: sessionTtlMs }
  return {
    ...config,
    operational: { ...operational, sessions },
    ...(enableAudit && config.audit === undefined ? { audit: audit.parse({}) } : {}),
    unsupported: optimizer ? [...config.unsupported, OPTIMIZER_FLAG] : config.unsupported,
  }
}

const OPTIMIZER_FLAG: Problem = {
  file: '--optimizer',
  line: 1,
  column: 1,
  path: '',
  reason: 'the optimizer is not available in this version yet',
  severity: 'note',
}
