import { z } from 'zod'
import type { DeepReadonly } from '../../base/deep-readonly.ts'
import { incomingAuth, outgoingAuth } from '../../auth/config.ts'
import { cluster } from '../../cluster/config.ts'
import { aggregation, backends, operational } from '../../gateway/config.ts'
import { server } from '../../mcp/config.ts'
import { codeMode, optimizer } from '../../gateway/config-meta-tools.ts'
import { audit, passthroughHeaders, rateLimiting } from '../../policy/config.ts'
import { crossCheck } from '../../schema/cross-check.ts'
import { mapOf, text } from '../../schema/fields.ts'
import type { Problem } from '../../schema/problem.ts'
import { sessionStorage } from '../../storage/config.ts'
import { telemetry } from '../../telemetry/config.ts'
import { compositeTools } from '../../workflow/config.ts'
import { workflows } from '../../workflow/runs-config.ts'
import { checkSections } from './check-sections.ts'
import type { CompositeTool } from './composite-tools.ts'

const compositeToolRefs = z
  .array(z.strictObject({ name: text('Name of the VirtualMCPCompositeToolDefinition') }))
  .meta({ description: 'Composite tools from manifests in the folder of this file' })

/** The whole vMCP file. This is the one place where its sections come together. */
export const vmcpFile = crossCheck(
  z.strictObject({
    name: text('Name of the server, shown to clients'),
    groupRef: text('The group'),
    backends: backends.default([]),
    incomingAuth: incomingAuth.meta({ description: 'Who may call' }),
    outgoingAuth: outgoingAuth.meta({ description: 'Which credential goes on to which backend' }),
    aggregation: aggregation.meta({ description: 'How the backends become one' }),
    compositeTools: compositeTools.default([]),
    compositeToolRefs: compositeToolRefs.default([]),
    workflows: workflows.meta({ description: '(ours) What is kept of runs' }).prefault({}),
    operational: operational
      .meta({ description: 'Timeouts, health, sessions, limits' })
      .prefault({}),
    telemetry: telemetry.meta({ description: 'OpenTelemetry and Prometheus' }).prefault({}),
    audit: audit.meta({ description: 'Audit log; the section turns it on' }).optional(),
    optimizer: optimizer.meta({ description: 'Tool search; the section turns it on' }).optional(),
    codeMode: codeMode.meta({ description: 'The tool execute_tool_script' }).optional(),
    sessionStorage: sessionStorage.meta({ description: 'Where sessions live' }).prefault({}),
    cluster: cluster.meta({ description: '(ours) Replicas that share sessionStorage' }).optional(),
    rateLimiting: rateLimiting.meta({ description: 'Token buckets for tools/call' }).optional(),
    passthroughHeaders: passthroughHeaders.default([]),
    metadata: mapOf(z.string(), 'Carried along, not used').prefault({}),
    server: server.meta({ description: '(ours) Whom the listener accepts' }).prefault({}),
  }),
  checkSections,
)

/** The vMCP file, checked, with defaults; times in milliseconds, frozen. */
export type VmcpConfig = DeepReadonly<z.output<typeof vmcpFile>> & {
  /** The composite tools, those of manifests included, ready to run. */
  readonly composites: readonly CompositeTool[]
  /** What is valid, but probably not meant (warnings) or good to know (notes). */
  readonly remarks: readonly Problem[]
  /** What the file asks for and this version cannot do yet: `serve` refuses to start while there is any. */
  readonly unsupported: readonly Problem[]
  /** Says of a place in the file what is wrong there, for what only shows when the backends are known. */
  readonly problemAt: (
    path: readonly PropertyKey[],
    reason: string,
    severity: Problem['severity'],
    hint?: string,
  ) => Problem
}
