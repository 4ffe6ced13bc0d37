import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A field of a protobuf message: number, and a varint, fixed value or nested bytes. */
type Fields = Map<number, (bigint | Buffer)[]>

export interface ReceivedSpan {
  name: string
  kind: number
  traceId: string
  spanId: string
  parentSpanId: string
  traceState: string
  attributes: Record<string, unknown>
  statusCode: number
  resource: Record<string, unknown>
}

export interface ReceivedMetric {
  name: string
  unit: string
  kind: 'gauge' | 'sum' | 'histogram'
  points: {
    attributes: Record<string, unknown>
    value?: number
    counts?: number[]
    count?: number
  }[]
  resource: Record<string, unknown>
}

/** An OTLP/HTTP collector on loopback that decodes what arrives, without any code of OpenTelemetry. */
export async function openCollector() {
  const spans: ReceivedSpan[] = []
  const metrics: ReceivedMetric[] = []
  const requests: { path: string; headers: Record<string, unknown> }[] = []
  let status = 200
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      requests.push({ path: req.url ?? '', headers: req.headers })
      if (status === 200 && req.url?.endsWith('/traces'))
        spans.push(...readSpans(Buffer.concat(chunks)))
      if (status === 200 && req.url?.endsWith('/metrics'))
        metrics.push(...readMetrics(Buffer.concat(chunks)))
      res.writeHead(status, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    requests,
    answer: (next: number) => void (status = next),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function readSpans(body: Buffer): ReceivedSpan[] {
  return nested(body, 1).flatMap((resourceSpans) => {
    const resource = attributesOf(nested(one(resourceSpans, 1), 1))
    return all(resourceSpans, 2).flatMap((scopeSpans) =>
      nested(scopeSpans, 2).map((bytes) => {
        const span = decode(bytes)
        const status = decode((span.get(15)?.[0] as Buffer | undefined) ?? Buffer.alloc(0))
        return {
          name: text(span, 5),
          kind: Number(span.get(6)?.[0] ?? 0n),
          traceId: hex(span, 1),
          spanId: hex(span, 2),
          parentSpanId: hex(span, 4),
          traceState: text(span, 3),
          attributes: attributesOf((span.get(9) ?? []) as Buffer[]),
          statusCode: Number(status.get(3)?.[0] ?? 0n),
          resource,
        }
      }),
    )
  })
}

const KINDS = new Map([
  [5, 'gauge'],
  [7, 'sum'],
  [9, 'histogram'],
] as const)

function readMetrics(body: Buffer): ReceivedMetric[] {
  return nested(body, 1).flatMap((resourceMetrics) => {
    const resource = attributesOf(nested(one(resourceMetrics, 1), 1))
    return all(resourceMetrics, 2).flatMap((scopeMetrics) =>
      nested(scopeMetrics, 2).map((bytes) => {
        const metric = decode(bytes)
        const [number, kind] = [...KINDS].find(([field]) => metric.has(field))!
        const points = nested(metric.get(number)![0] as Buffer, 1).map((point) => {
          const fields = decode(point)
          if (kind !== 'histogram') {
            const value = (fields.get(4)?.[0] as Buffer).readDoubleLE()
            return { attributes: attributesOf((fields.get(7) ?? []) as Buffer[]), value }
          }
          const packed = (fields.get(6)?.[0] ?? Buffer.alloc(0)) as Buffer
          const counts = Array.from({ length: packed.length / 8 }, (_, i) =>
            Number(packed.readBigUInt64LE(i * 8)),
          )
          return {
            attributes: attributesOf((fields.get(9) ?? []) as Buffer[]),
            counts,
            count: Number((fields.get(4)?.[0] as Buffer).readBigUInt64LE()),
          }
        })
        return { name: text(metric, 1), unit: text(metric, 3), kind, points, resource }
      }),
    )
  })
}

function attributesOf(pairs: readonly Buffer[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const fields = decode(pair)
      const value = decode(fields.get(2)?.[0] as Buffer)
      const string = value.get(1)?.[0]
      const number = value.get(4)?.[0]
      if (string instanceof Buffer) return [text(fields, 1), string.toString()]
      if (number instanceof Buffer) return [text(fields, 1), number.readDoubleLE()]
      return [text(fields, 1), Number(value.get(3)?.[0] ?? value.get(2)?.[0])]
    }),
  )
}

const all = (bytes: Buffer, field: number): Buffer[] => (decode(bytes).get(field) ?? []) as Buffer[]
const nested = all
const one = (bytes: Buffer, field: number): Buffer => all(bytes, field)[0] ?? Buffer.alloc(0)
const text = (fields: Fields, field: number): string => fields.get(field)?.[0]?.toString() ?? ''
const hex = (fields: Fields, field: number): string =>
  (fields.get(field)?.[0] as Buffer | undefined)?.toString('hex') ?? ''

/** The wire format of protobuf: varint, 64 bit, bytes, 32 bit. */
function decode(bytes: Buffer): Fields {
  const fields: Fields = new Map()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number): Buffer => bytes.subarray(at, (at += length))
  while (at < bytes.length) {
    const tag = Number(varint())
    const wire = tag & 7
    const value = wire === 0 ? varint() : take(wire === 1 ? 8 : wire === 5 ? 4 : Number(varint()))
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value])
  }
  return fields
}
