/** The outcome of `parseDuration`: whole and fractional milliseconds, or why the text is no duration. */
export type DurationResult = { ok: true; ms: number } | { ok: false; reason: string; hint: string }

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const EXAMPLE = 'write for example 30s, 5m or 1h30m'
const LONGEST_MS = 9_223_372_036_854.775

/**
 * Reads a Go duration: a sign, then numbers with units (`ns us µs ms s m h`), decimals and combinations allowed
 * (`1h30m`, `1.5s`, `-2m`), or a plain `0`. No blanks. Longest: about 292 years, as in Go.
 */
export function parseDuration(text: string): DurationResult {
  const negative = text.startsWith('-')
  const body = negative || text.startsWith('+') ? text.slice(1) : text
  if (body === '0') return { ok: true, ms: 0 }
  if (body === '') return { ok: false, reason: 'is empty', hint: EXAMPLE }
  if (/^(\d+\.?\d*|\.\d+)$/.test(body)) {
    return { ok: false, reason: 'has no unit', hint: `write for example ${text}s or ${text}ms` }
  }
  const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y
  let ms = 0
  while (part.lastIndex < body.length) {
    const at = part.lastIndex
    const match = part.exec(body)
    if (!match) return { ok: false, reason: reasonAt(body.slice(at)), hint: EXAMPLE }
    ms += Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0)
  }
  if (ms > LONGEST_MS) return { ok: false, reason: 'is too long', hint: EXAMPLE }
  return { ok: true, ms: negative && ms !== 0 ? -ms : ms }
}

/** Writes milliseconds the way Go prints a duration: `1h30m0s`, `1.5s`, `250ms`, `0s`. */
export function toDurationText(ms: number): string {
  if (ms < 0) return `-${toDurationText(-ms)}`
  if (ms === 0) return '0s'
  if (ms < 1e-3) return `${trim(ms * 1e6)}ns`
  if (ms < 1) return `${trim(ms * 1e3)}µs`
  if (ms < 1000) return `${trim(ms)}ms`
  const hours = Math.floor(ms / 3_600_000)
  const minutes = Math.floor((ms % 3_600_000) / 60_000)
  const seconds = trim((ms % 60_000) / 1000)
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`
}

function reasonAt(rest: string): string {
  const unit = /^[\d.]+(\p{L}+)/u.exec(rest)?.[1]
  return unit === undefined ? 'is not a duration' : `has the unknown unit "${unit}"`
}

function trim(value: number): string {
  return String(Number(value.toFixed(9)))
}
