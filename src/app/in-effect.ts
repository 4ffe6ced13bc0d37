import type { Audit } from '../policy/audit.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { openAudit } from './open-audit.ts'

/** The configuration in effect, and the audit log that belongs to it. Asked anew wherever a reload may have changed it. */
export interface InEffect {
  readonly config: VmcpConfig
  readonly audit: Audit | undefined
  /**
   * Opens what the next configuration needs and puts it into effect at once. `finish` ends what only the one before needed.
   * Throws if the new audit log cannot be opened; then nothing has changed.
   */
  replace(next: VmcpConfig): { finish(): Promise<void> }
  close(): Promise<void>
}

export function createInEffect(
  first: VmcpConfig,
  options: { readonly log: Logger; readonly isStdio: boolean },
): InEffect {
  const { log } = options
  let config = first
  let audit = openAudit(config, options)
  return {
    get config() {
      return config
    },
    get audit() {
      return audit
    },
    replace(next) {
      const before = { config, audit }
      audit = same(config.audit, next.audit) ? audit : openAudit(next, options)
      config = next
      warnOfRestart(first, next, log)
      return {
        async finish() {
          if (before.audit !== audit) await before.audit?.close()
        },
      }
    },
    async close() {
      await audit?.close()
    },
  }
}

/** What only a restart puts into effect. */
const AT_START_ONLY = [
  'name',
  'incomingAuth',
  'sessionStorage',
  'cluster',
  'telemetry',
  'server',
  'workflows',
] as const

/** @param atStart What these sections are in effect from, whatever the file has said in between. */
function warnOfRestart(atStart: VmcpConfig, next: VmcpConfig, log: Logger): void {
  const sections: string[] = AT_START_ONLY.filter(
    (section) => !same(atStart[section], next[section]),
  )
  if (!same(limitsAtStart(atStart), limitsAtStart(next))) sections.push('operational.limits')
  if (atStart.operational.logLevel !== next.operational.logLevel) {
    sections.push('operational.logLevel')
  }
  if (sections.length > 0) log.warn({ sections }, 'These sections take effect at the next start')
}

/** How many processes a backend may have is asked with each new one. */
function limitsAtStart({ operational }: VmcpConfig): object {
  return { ...operational.limits, maxProcesses: undefined }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
