import type { TraceContext } from './trace-context.ts'

export type Attributes = Record<string, string | number | boolean | undefined>

export interface SpanOptions {
  /** `server`: we were asked; `client`: we ask somebody else. */
  readonly kind: 'server' | 'client'
  /** Absent: a trace begins here. */
  readonly parent?: TraceContext | undefined
  readonly attributes?: Attributes
}

/** A piece of work that is timed from its making to its `end`. */
export interface Span {
  /** What goes on to whoever works for this span, also when the span itself is not recorded. */
  readonly context: TraceContext
  set(name: string, value: string | number | boolean): void
  /** `type` is low in number: an error code. */
  fail(type: string, message?: string): void
  end(): void
}

/** Makes spans and sends them. Where tracing is off there is none, and nobody pays. */
export interface Tracing {
  startSpan(name: string, options: SpanOptions): Span
  /** Sends what is left, in bounded time, and stops. */
  close(): Promise<void>
}
