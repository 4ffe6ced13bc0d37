import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span as OtelSpan,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type SpanExporter,
} from '@opentelemetry/sdk-trace'
import { inTime } from '../../base/in-time.ts'
import type { Logger } from '../logger.ts'
import type { TraceContext } from '../trace-context.ts'
import type { Span, SpanOptions, Tracing } from '../tracing.ts'
import { EXPORT_TIMEOUT_MS, toExporterOptions, type OtlpOptions } from './exporter-options.ts'
import { createFailureReport } from './report-failures.ts'
import { toResource } from './resource.ts'

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT } as const

/** Spans through the SDK of OpenTelemetry: sampled by the parent's decision, else by ratio; sent in batches. */
export function openOtlpTracing(options: OtlpOptions): Tracing {
  const exporter = new OTLPTraceExporter(toExporterOptions(options, 'traces'))
  const provider = new TracerProvider({
    resource: toResource(options),
    sampler: new ParentBasedSampler({
      root: new TraceIdRatioBasedSampler(options.config.samplingRate),
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: reporting(exporter, options.log),
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  })
  const tracer = provider.getTracer('toolhive', options.service.version)
  return {
    startSpan(name, spanOptions) {
      const { kind, attributes } = spanOptions
      const settings = { kind: KINDS[kind], ...(attributes && { attributes }) }
      return wrap(tracer.startSpan(name, settings, contextOf(spanOptions)), spanOptions)
    },
    async close() {
      await inTime(
        provider.shutdown().catch(() => {}),
        EXPORT_TIMEOUT_MS,
      )
    },
  }
}

function contextOf({ parent }: SpanOptions): Context {
  if (parent === undefined) return ROOT_CONTEXT
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: parent.traceId,
    spanId: parent.spanId,
    traceFlags: parent.flags,
    isRemote: true,
    ...(parent.state && { traceState: createTraceState(parent.state) }),
  })
}

function wrap(span: OtelSpan, { parent }: SpanOptions): Span {
  const { traceId, spanId, traceFlags } = span.spanContext()
  const own = { traceId, spanId, flags: traceFlags }
  const context: TraceContext = parent?.state === undefined ? own : { ...own, state: parent.state }
  return {
    context,
    set: (name, value) => void span.setAttribute(name, value),
    fail(type, message) {
      span.setAttribute('error.type', type)
      span.setStatus({ code: SpanStatusCode.ERROR, ...(message && { message }) })
    },
    end: () => span.end(),
  }
}

function reporting(exporter: SpanExporter, log: Logger): SpanExporter {
  const report = createFailureReport(log, 'traces')
  return {
    export: (spans, done) => exporter.export(spans, report(done)),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  }
}
