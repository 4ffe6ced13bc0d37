import { systemNow } from '../base/clock.ts'
import { newUuid } from '../base/ids.ts'
import { createAudit, type Audit } from '../policy/audit.ts'
import { createStreamSink, openAuditFile } from '../policy/audit-sink.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'

/** The audit log of a configuration; undefined if it has none. On stdio, stdout belongs to the protocol: then stderr. */
export function openAudit(
  config: Pick<VmcpConfig, 'audit'>,
  { log, isStdio }: { log: Logger; isStdio: boolean },
): Audit | undefined {
  const { audit } = config
  if (audit?.enabled !== true) return undefined
  const sink =
    audit.logFile === undefined
      ? createStreamSink(isStdio ? process.stderr : process.stdout)
      : openAuditFile(audit.logFile, (error, lostBytes) =>
          log.error({ err: error, lostBytes }, 'Cannot write the audit log'),
        )
  return createAudit(audit, sink, { now: systemNow, newId: newUuid })
}
