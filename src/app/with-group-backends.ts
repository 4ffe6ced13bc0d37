import { backends } from '../gateway/config.ts'
import { deepFreeze } from './config/deep-freeze.ts'
import type { GroupBackend } from './quick-vmcp-config.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

/** A configuration that names no backends, with those of its group in it. */
export function withGroupBackends(config: VmcpConfig, found: readonly GroupBackend[]): VmcpConfig {
  return deepFreeze({ ...config, backends: backends.parse(found) })
}
