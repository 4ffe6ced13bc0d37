import type { Audit } from '../../policy/audit.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { VmcpConfig } from '../config/vmcp-config.ts'
import type { Fleet } from '../create-fleet.ts'
import type { Means } from '../open-means.ts'

/** What the composite tools of a gateway need of it. */
export interface CompositesOptions {
  /** Asked each time, as a reload may change it. */
  readonly config: () => VmcpConfig
  readonly means: Means
  /** The other replicas; undefined: there never are any. */
  readonly fleet: Pick<Fleet, 'others' | 'runPeers'> | undefined
  readonly audit: () => Audit | undefined
  /** Our name among the replicas; undefined: there are no others. */
  readonly replica: string | undefined
  readonly log: Logger
}
