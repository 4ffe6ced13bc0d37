import type { JsonObject } from '../../../base/json.ts'
import type { AggregationConfig } from '../../config.ts'
import { createOffer, type BackendOffer, type ToolDefinition } from '../offer.ts'

type Entry = { workload: string } & Partial<AggregationConfig['tools'][number]>

/** `aggregation` with nothing filtered; `strategy` alone or with what differs. */
export function aggregationOf(
  strategy: AggregationConfig['conflictResolution'],
  parts: {
    prefixFormat?: string
    priorityOrder?: string[]
    tools?: Entry[]
  } & Partial<
    Pick<AggregationConfig, 'excludeAllTools' | 'defaultToolVisibility' | 'maxToolNameLength'>
  > = {},
): AggregationConfig {
  const { prefixFormat = '{workload}_', priorityOrder = [], tools = [], ...rest } = parts
  return {
    conflictResolution: strategy,
    conflictResolutionConfig: { prefixFormat, priorityOrder },
    tools: tools.map((entry) => ({ filter: [], overrides: {}, excludeAll: false, ...entry })),
    excludeAllTools: false,
    defaultToolVisibility: 'allow',
    ...rest,
  }
}

/** An offer of tools with these names. */
export function toolsOffer(
  backend: string,
  names: string[],
  parts: Partial<BackendOffer> = {},
): BackendOffer {
  return createOffer(backend, { tools: names.map((name) => toolNamed(name)), ...parts })
}

export function toolNamed(name: string, members: JsonObject = {}): ToolDefinition {
  return { name, inputSchema: { type: 'object' }, ...members }
}

/** An offer of a backend that was reached and declares these capabilities. */
export function describedOffer(
  backend: string,
  capabilities: JsonObject,
  parts: Partial<BackendOffer> & { instructions?: string } = {},
): BackendOffer {
  const { instructions, ...rest } = parts
  return createOffer(backend, {
    era: 'legacy',
    description: {
      info: { name: backend, version: '1' },
      capabilities,
      ...(instructions === undefined ? {} : { instructions }),
    },
    ...rest,
  })
}
