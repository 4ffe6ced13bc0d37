import type { Now } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import type { DeepReadonly } from '../base/deep-readonly.ts'
import type { Implementation } from '../mcp/messages.ts'
import type { Principal } from '../mcp/caller.ts'
import { redact } from '../telemetry/redact.ts'
import type { AUDIT_EVENT_TYPES, AuditConfig } from './config.ts'

export type AuditEventType = (typeof AUDIT_EVENT_TYPES)[number]
export type AuditOutcome = 'success' | 'failure' | 'error' | 'denied' | 'application_error'

/** One thing that happened. Data are functions, called only if the configuration wants them. */
export interface AuditEvent {
  readonly type: AuditEventType
  readonly outcome: AuditOutcome
  /** Address of the client, `stdio` without one. */
  readonly source: string
  readonly userAgent?: string | undefined
  readonly principal: Principal
  readonly client?: Implementation | undefined
  readonly target: {
    readonly endpoint: string
    readonly method: string
    /** `tool`, `resource`, `prompt` or `` (whole list). */
    readonly type: string
    readonly name: string
  }
  readonly durationMs: number
  readonly transport: string
  readonly backend?: string | undefined
  /** Which run and step it belongs to. */
  readonly workflow?: AuditedWorkflow | undefined
  /** More than `maxBytes` (of UTF-8) is not looked at. */
  readonly request?: (maxBytes: number) => string
  readonly response?: (maxBytes: number) => string
}

/** A run, or the part of it an event is about. */
export interface AuditedWorkflow {
  /** Name of the composite tool. */
  readonly name: string
  readonly run: string
  readonly step?: string | undefined
  readonly iteration?: number | undefined
  readonly tool?: string | undefined
  /** Tries after the first. */
  readonly retries?: number | undefined
  readonly status?: string | undefined
}

export interface AuditSink {
  /** Whole lines, each with its newline. */
  write(text: string): void
  close(): Promise<void>
}

export interface Audit {
  /** False: events of this type are not written; saves making one. */
  wants(type: AuditEventType): boolean
  record(event: AuditEvent): void
  /** Writes what is buffered. */
  flush(): void
  close(): Promise<void>
}

const FLUSH_MS = 100
const FLUSH_CHARS = 64 * 1024

/** The audit log (vmcp 14): one JSON line per event, gathered for up to 100 ms or 64 KiB before they are written. */
export function createAudit(
  config: DeepReadonly<AuditConfig>,
  sink: AuditSink,
  { now, newId }: { now: Now; newId: NewId },
): Audit {
  const allowed = new Set<string>(config.eventTypes)
  const excluded = new Set<string>(config.excludeEventTypes)
  let lines: string[] = []
  let chars = 0
  let timeMs = Number.NaN
  let time = ''
  let timer: NodeJS.Timeout | undefined

  function wants(type: AuditEventType): boolean {
    if (!config.enabled || excluded.has(type)) return false
    return allowed.size === 0 || allowed.has(type)
  }

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (chars === 0) return
    const text = lines.join('')
    lines = []
    chars = 0
    sink.write(text)
  }

  /** Many events fall into one millisecond. */
  function timeText(): string {
    const at = now()
    if (at !== timeMs) {
      timeMs = at
      time = new Date(at).toISOString()
    }
    return time
  }

  return {
    wants,
    record(event) {
      if (!wants(event.type)) return
      const isHidden = event.outcome === 'application_error' && !config.detectApplicationErrors
      const outcome = isHidden ? 'success' : event.outcome
      const line = toLine(event, outcome, config, timeText(), newId())
      lines.push(line, '\n')
      chars += line.length + 1
      if (chars >= FLUSH_CHARS) flush()
      else timer ??= setTimeout(flush, FLUSH_MS)
    },
    flush,
    async close() {
      flush()
      await sink.close()
    },
  }
}

function toLine(
  event: AuditEvent,
  outcome: AuditOutcome,
  config: DeepReadonly<AuditConfig>,
  time: string,
  id: string,
): string {
  const { principal, client, target, workflow } = event
  return JSON.stringify({
    time,
    level: 'AUDIT',
    msg: 'audit_event',
    audit_id: id,
    type: event.type,
    logged_at: time,
    outcome,
    component: isOfRun(event) && config.component === SERVER ? COMPOSER : config.component,
    source: {
      type: event.source === 'stdio' ? 'local' : 'network',
      value: event.source,
      extra: { user_agent: event.userAgent },
    },
    subjects: {
      user: userOf(principal),
      user_id: principal.binding.split('\0').at(-1),
      client_name: client?.name,
      client_version: client?.version,
    },
    target,
    metadata: {
      extra: {
        duration_ms: Math.round(event.durationMs * 1000) / 1000,
        transport: event.transport,
        backend_name: event.backend,
        ...(workflow === undefined ? undefined : extraOf(workflow)),
      },
    },
    data: dataOf(event, config),
  })
}

/** Who writes, unless the file says otherwise: events of runs have a name of their own (vmcp 14). */
const SERVER = 'vmcp-server'
const COMPOSER = 'vmcp-composer'

function isOfRun({ type }: AuditEvent): boolean {
  return type.startsWith('vmcp_workflow_')
}

function extraOf({ name, run, step, iteration, tool, retries, status }: AuditedWorkflow): object {
  return {
    workflow_name: name,
    workflow_id: run,
    step_id: step,
    iteration,
    tool_name: tool,
    retry_count: retries,
    status,
  }
}

/** Name, else preferred_username, else email of the token; the local user's name; `anonymous`. */
function userOf({ kind, name, claims }: Principal): string {
  const found = name ?? claims?.['name'] ?? claims?.['preferred_username'] ?? claims?.['email']
  return typeof found === 'string' ? found : kind === 'anonymous' ? 'anonymous' : ''
}

function dataOf(event: AuditEvent, config: DeepReadonly<AuditConfig>): object | undefined {
  const request = config.includeRequestData ? event.request?.(config.maxDataSize) : undefined
  const response = config.includeResponseData ? event.response?.(config.maxDataSize) : undefined
  if (request === undefined && response === undefined) return undefined
  const shown = (text: string | undefined) => text && redact(cut(text, config.maxDataSize))
  return { request: shown(request), response: shown(response) }
}

/** At most so many bytes of UTF-8, never half a character. */
function cut(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  const head = text.slice(0, maxBytes)
  const bytes = Buffer.from(head)
  if (bytes.length <= maxBytes) return head
  let end = maxBytes
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
