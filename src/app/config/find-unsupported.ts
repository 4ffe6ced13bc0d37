import type { z } from 'zod'
import type { vmcpFile } from './vmcp-config.ts'

/** Something a valid file asks for that this version cannot do yet. */
export interface UnsupportedFeature {
  readonly path: readonly PropertyKey[]
  readonly feature: string
}

/** Lists what `serve` must refuse. An empty list or a section that is turned off asks for nothing. */
export function findUnsupported(file: z.output<typeof vmcpFile>): UnsupportedFeature[] {
  const found: UnsupportedFeature[] = []
  const add = (condition: boolean, feature: string, ...path: PropertyKey[]): void => {
    if (condition) found.push({ path, feature })
  }
  add(file.optimizer !== undefined, 'the optimizer', 'optimizer')
  add(file.codeMode?.enabled === true, 'code mode', 'codeMode')
  const { type, authz } = file.incomingAuth
  add(type === 'oidc', 'incoming authentication by OIDC', 'incomingAuth', 'type')
  add(authz?.type === 'cedar', 'authorization by Cedar', 'incomingAuth', 'authz')
  const { source, default: fallback, backends } = file.outgoingAuth
  add(source === 'discovered', 'discovered outgoing credentials', 'outgoingAuth', 'source')
  const strategies: [string[], { type: string } | undefined][] = [
    [['default'], fallback],
    ...Object.entries(backends).map(([name, strategy]): [string[], { type: string }] => [
      ['backends', name],
      strategy,
    ]),
  ]
  for (const [path, strategy] of strategies) {
    if (strategy === undefined || SUPPORTED_STRATEGIES.includes(strategy.type)) continue
    add(true, `the outgoing strategy ${strategy.type}`, 'outgoingAuth', ...path, 'type')
  }
  for (const [index, tool] of file.aggregation.tools.entries()) {
    const reference = tool.toolConfigRef !== undefined
    add(reference, 'MCPToolConfig references', 'aggregation', 'tools', index, 'toolConfigRef')
  }
  return found
}

const SUPPORTED_STRATEGIES = ['unauthenticated', 'header_injection']
