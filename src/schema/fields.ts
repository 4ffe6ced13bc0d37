import { z } from 'zod'
import { parseDuration, toDurationText } from '../base/duration.ts'

/** What a duration may be: any, `zero` or more, or `positive`; or at least so many milliseconds. */
export type DurationRule = 'any' | 'zero' | 'positive' | { minMs: number }

/** A Go duration (`30s`, `1h30m`, `0`) as milliseconds. */
export function duration(description: string, rule: DurationRule = 'zero') {
  return z
    .unknown()
    .transform((value, ctx) => {
      const read = readDuration(value, rule)
      if (typeof read === 'number') return read
      ctx.issues.push({ code: 'custom', input: value, message: read.reason, params: read })
      return z.NEVER
    })
    .meta({
      description,
      type: 'string',
      pattern: '^[-+]?(0|([0-9]*\\.?[0-9]+(ns|us|µs|μs|ms|s|m|h))+)$',
      format: 'go-duration',
    })
}

/** A Go duration, or `{ duration: … }` around one, as milliseconds. */
export function durationOrBlock(description: string, rule: DurationRule = 'zero') {
  return z
    .preprocess(
      (value) => (isDurationBlock(value) ? value.duration : value),
      duration(description, rule),
    )
    .meta({
      description,
      oneOf: [
        { type: 'string', format: 'go-duration' },
        {
          type: 'object',
          properties: { duration: { type: 'string', format: 'go-duration' } },
          required: ['duration'],
          additionalProperties: false,
        },
      ],
    })
}

/** A map with arbitrary keys, without a prototype, so that no key is there by accident. */
export function mapOf<Value extends z.ZodType>(value: Value, description: string) {
  return z.record(z.string(), value).transform(withoutPrototype).meta({ description })
}

/** Text that is not empty. */
export function text(description: string) {
  return z.string().min(1).meta({ description })
}

/** A whole number from `min` to `max`. */
export function count(description: string, min: number, max = Number.MAX_SAFE_INTEGER) {
  return z.int().min(min).max(max).meta({ description })
}

/** A header's name. */
export function headerName(description: string) {
  return z
    .string()
    .refine(isHeaderName, { error: (issue) => `"${issue.input}" is not a header name` })
    .meta({ description })
}

/** A header's value: no line breaks or other control characters. */
export function headerValue(description: string) {
  return z
    .string()
    .regex(HEADER_VALUE, { error: 'must be a header value: no line breaks or control characters' })
    .meta({ description })
}

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]+$/
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** True for a name HTTP allows for a header field. */
export function isHeaderName(name: string): boolean {
  return HEADER_NAME.test(name)
}

/** True for a value HTTP allows for a header field, not empty. */
export function isHeaderValue(value: string): boolean {
  return HEADER_VALUE.test(value)
}

/** Header names with values; the parsed names are lower-case. */
export function headerMap(description: string) {
  return z
    .record(z.string().regex(HEADER_NAME), headerValue('Value'))
    .transform((headers) =>
      withoutPrototype(
        Object.fromEntries(Object.entries(headers).map(([name, v]) => [name.toLowerCase(), v])),
      ),
    )
    .meta({ description })
}

/** An absolute http or https URL without credentials in it. */
export function httpUrl(description: string) {
  return z
    .string()
    .refine(isHttpUrl, { error: 'must be an http:// or https:// URL' })
    .meta({ description, pattern: '^https?://' })
}

function isHttpUrl(value: string): boolean {
  return /^https?:\/\/[^/]/i.test(value) && URL.canParse(value)
}

function isDurationBlock(value: unknown): value is { duration: unknown } {
  if (typeof value !== 'object' || value === null) return false
  return Object.keys(value).join() === 'duration'
}

function readDuration(
  value: unknown,
  rule: DurationRule,
): number | { reason: string; hint?: string } {
  if (value === undefined) return { reason: 'is required' }
  if (typeof value !== 'string' && value !== 0) {
    const quoted = typeof value === 'number' ? ` (${value} has no unit)` : ''
    return { reason: `must be a duration${quoted}`, hint: 'write for example 30s, 5m or 1h30m' }
  }
  const read = parseDuration(value === 0 ? '0' : value)
  if (!read.ok)
    return { reason: `must be a duration, but "${value}" ${read.reason}`, hint: read.hint }
  if (rule === 'positive' && read.ms <= 0)
    return { reason: `must be longer than 0, not "${value}"` }
  if (rule === 'zero' && read.ms < 0) return { reason: `must not be negative, not "${value}"` }
  if (typeof rule === 'object' && read.ms < rule.minMs) {
    return { reason: `must be at least ${toDurationText(rule.minMs)}, not "${value}"` }
  }
  return read.ms
}

function withoutPrototype<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.assign(Object.create(null), record)
}
