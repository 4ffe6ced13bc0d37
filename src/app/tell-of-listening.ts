import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { isLoopbackHost } from './http/loopback.ts'

export interface ListensOn {
  readonly host: string
  readonly config: Pick<VmcpConfig, 'incomingAuth'>
  readonly log: Logger
}

/** Logs the address to use here, and warns if whoever reaches it from elsewhere may do everything. */
export function tellOfListening(url: string, { host, config, log }: ListensOn): void {
  log.info({ url, host }, 'Listening')
  if (isLoopbackHost(host) || config.incomingAuth.type !== 'anonymous') return
  log.warn(
    { host },
    'Whoever reaches this port may call every tool: it listens for other machines, and incomingAuth.type is anonymous',
  )
}
