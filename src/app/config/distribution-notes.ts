import type { Problem } from '../../schema/problem.ts'
import type { CompositeTool } from './composite-tools.ts'
import type { VmcpConfig } from './vmcp-config.ts'

/** Where loops say `distribution: fleet` and there can be no fleet to share them. */
export function distributionNotes(
  tools: readonly CompositeTool[],
  { sessionStorage, cluster }: Pick<VmcpConfig, 'sessionStorage' | 'cluster'>,
): Problem[] {
  const isRedis = sessionStorage.provider === 'redis'
  if (isRedis && cluster?.enabled !== false) return []
  const reason = isRedis
    ? 'iterations run on one replica: cluster.enabled is false'
    : 'iterations run on one replica: there is no queue without sessionStorage.provider redis'
  return tools.flatMap(({ plan, locate }) =>
    plan.steps.flatMap(({ does }, index) =>
      does.kind === 'forEach' && does.distribution === 'fleet'
        ? [locate({ path: ['steps', index, 'distribution'], reason, severity: 'note' })]
        : [],
    ),
  )
}
