/** Where a call stands in a distributed trace (W3C Trace Context). */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string
  /** 16 lower-case hexadecimal digits: the span that is the parent of what comes next. */
  readonly spanId: string
  /** Flags of the parent; bit 0: the parent is recorded. */
  readonly flags: number
  /** As received: vendors' own data, handed on. */
  readonly state?: string
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const ZEROS = /^0+$/

/** Reads `traceparent`; undefined if it is not one. A later version may have more at its end, version 00 may not. */
export function parseTraceparent(text: unknown, state?: unknown): TraceContext | undefined {
  const match = typeof text === 'string' ? TRACEPARENT.exec(text) : null
  if (match === null) return undefined
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = match
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined
  const context = { traceId, spanId, flags: Number.parseInt(flags, 16) }
  return typeof state === 'string' && state !== '' ? { ...context, state } : context
}

/** Writes `traceparent` in version 00. */
export function formatTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${(flags & 0xff).toString(16).padStart(2, '0')}`
}
