import type { Problem } from '../schema/problem.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

/** Connects to the backends and reports names in the configuration that none of them offers. */
export async function validateLive(
  _config: VmcpConfig,
  _options: { log: Logger },
): Promise<Problem[]> {
  throw new Error('not wired yet')
}
