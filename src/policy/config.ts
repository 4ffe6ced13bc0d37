import { z } from 'zod'
import { crossCheck } from '../schema/cross-check.ts'
import { count, durationOrBlock, isHeaderName, text } from '../schema/fields.ts'

/** Every type an audit event can have. */
export const AUDIT_EVENT_TYPES = [
  'mcp_initialize',
  'mcp_tool_call',
  'mcp_tools_list',
  'mcp_resource_read',
  'mcp_resources_list',
  'mcp_prompt_get',
  'mcp_prompts_list',
  'mcp_notification',
  'mcp_ping',
  'mcp_logging',
  'mcp_completion',
  'mcp_roots_list_changed',
  'vmcp_workflow_started',
  'vmcp_workflow_completed',
  'vmcp_workflow_failed',
  'vmcp_workflow_timed_out',
  'vmcp_workflow_step_started',
  'vmcp_workflow_step_completed',
  'vmcp_workflow_step_failed',
  'vmcp_workflow_step_skipped',
  'sse_connection',
  'mcp_request',
  'http_request',
] as const

const eventTypes = z.array(z.enum(AUDIT_EVENT_TYPES))

/** `audit`: the section turns it on unless it says `enabled: false`. */
export const audit = z.strictObject({
  enabled: z.boolean().meta({ description: 'The section alone turns it on' }).default(true),
  component: text('Name of this program in each line').default('vmcp-server'),
  eventTypes: eventTypes.meta({ description: 'Only these; none = all' }).default([]),
  excludeEventTypes: eventTypes.meta({ description: 'Not these; wins' }).default([]),
  includeRequestData: z
    .boolean()
    .meta({ description: 'Write requests into the lines' })
    .default(false),
  includeResponseData: z
    .boolean()
    .meta({ description: 'Write answers into the lines' })
    .default(false),
  detectApplicationErrors: z
    .boolean()
    .meta({ description: 'Look into answers for errors' })
    .default(true),
  maxDataSize: count('Bytes of request or response data in one line', 0).default(1024),
  maxDelegationDepth: count('Acting parties that are kept', 0).default(10),
  logFile: text('File the lines are appended to (0600); default stdout').optional(),
})

/** `audit`, checked, with defaults. Empty `eventTypes` means all. */
export type AuditConfig = z.output<typeof audit>

const refillPeriod = durationOrBlock('Time in which an empty bucket fills', 'positive')

const bucket = z
  .strictObject({
    maxTokens: count('Calls the bucket holds', 1),
    refillPeriod,
  })
  .transform((v) => ({ maxTokens: v.maxTokens, refillPeriodMs: v.refillPeriod }))

const buckets = {
  shared: bucket.meta({ description: 'One bucket for all callers' }).optional(),
  perUser: bucket.meta({ description: 'One bucket per caller; needs oidc' }).optional(),
}

const toolLimits = crossCheck(
  z.strictObject({ name: text('Tool as clients see it'), ...buckets }),
  (block, report) => {
    if (block.shared === undefined && block.perUser === undefined)
      report([], 'limits nothing', 'give `shared`, `perUser` or both')
  },
)

/** `rateLimiting`: token buckets for tools/call. */
export const rateLimiting = crossCheck(
  z.strictObject({
    ...buckets,
    tools: z.array(toolLimits).meta({ description: 'Buckets of single tools' }).default([]),
    whenUnavailable: z
      .enum(['open', 'closed'])
      .meta({
        description:
          '(ours) While the buckets in Redis cannot be asked: let calls pass (open) or refuse them (closed)',
      })
      .default('open'),
  }),
  (block, report) => {
    const tools = Array.isArray(block.tools) ? block.tools : []
    if (block.shared === undefined && block.perUser === undefined && tools.length === 0)
      report([], 'limits nothing', 'give `shared`, `perUser` or `tools`')
    const names = tools.map((tool: { name?: unknown } | null) => tool?.name)
    for (const [index, name] of names.entries()) {
      if (typeof name !== 'string' || names.indexOf(name) === index) continue
      report(['tools', index, 'name'], `there are limits for "${name}" already`)
    }
  },
)

/** `rateLimiting`, checked; times in milliseconds. */
export type RateLimitingConfig = z.output<typeof rateLimiting>

const REFUSED_HEADERS = new Set([
  'host',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-connection',
  'transfer-encoding',
  'content-length',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'authorization',
  'cookie',
])

const passthroughHeader = z
  .string()
  .superRefine((name, ctx) => {
    if (!isHeaderName(name)) ctx.addIssue(`"${name}" is not a header name`)
    else if (REFUSED_HEADERS.has(name.toLowerCase())) ctx.addIssue(`"${name}" may not be passed on`)
  })
  .transform((name) => name.toLowerCase())

/** `passthroughHeaders`: headers of the client's request that go on to every backend; parsed names are lower-case. */
export const passthroughHeaders = z
  .array(passthroughHeader)
  .meta({ description: 'Headers of the client’s request that go on to every backend' })
