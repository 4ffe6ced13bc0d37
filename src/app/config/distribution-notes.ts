import type { Problem } from '../../schema/problem.ts'
import type { CompositeTool } from './composite-tools.ts'
import type { VmcpConfig } from './vmcp-config.ts'

/** Where loops say `distribution: fleet` and there can be no fleet to share them. */
export function distributionNotes(
  tools: readonly CompositeTool[],
  { sessionStorage, cluster }: Pick<VmcpConfig, 'sessionStorage' | 'cluster'>,
): Problem[] {
  const why = whyAlone(sessionStorage, cluster)
  if (why === undefined) return []
  const reason = `iterations run on one replica: ${why}`
  return tools.flatMap(({ plan, locate }) =>
    plan.steps.flatMap(({ does }, index) =>
      does.kind === 'forEach' && does.distribution === 'fleet'
        ? [locate({ path: ['steps', index, 'distribution'], reason, severity: 'note' })]
        : [],
    ),
  )
}

function whyAlone(
  sessionStorage: VmcpConfig['sessionStorage'],
  cluster: VmcpConfig['cluster'],
): string | undefined {
  if (sessionStorage.provider !== 'redis') {
    return 'there is no queue without sessionStorage.provider redis'
  }
  if (sessionStorage.cluster !== undefined) return 'there is no queue on a Redis Cluster'
  return cluster?.enabled === false ? 'cluster.enabled is false' : undefined
}
