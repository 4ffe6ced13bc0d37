import { MAX_JSON_DEPTH } from '../base/json-depth.ts'
import { isJsonObject, type Json } from '../base/json.ts'
import { redact } from '../telemetry/redact.ts'

const MASK = '[redacted]'
const TOO_DEEP = '[nested too deeply]'
const SECRET_NAME =
  /authorization|cookie|passw(or)?d|passphrase|secret|token|api[-_]?key|credential|private[-_]?key|^x-.*(key|auth)/i
/** Names that end like a secret's but tell how many of them. */
const COUNTING = /^(max|min|num|n)?_?tokens?_?(count|limit|used)?$/i
const MAX_TEXT = 1000

/** What a step was called with, for a failure: members named like credentials and texts that look like some are masked. */
export function redactInput(value: Json | undefined): Json {
  return redactTo(MAX_JSON_DEPTH, value)
}

function redactTo(levels: number, value: Json | undefined): Json {
  if (typeof value === 'string') return shorten(redact(value))
  if (typeof value === 'object' && value !== null && levels === 0) return TOO_DEEP
  if (Array.isArray(value)) return value.map((item) => redactTo(levels - 1, item))
  if (!isJsonObject(value)) return value ?? null
  const entries = Object.entries(value).flatMap(([name, member]) => {
    if (member === undefined) return []
    return [[name, isSecret(name, member) ? MASK : redactTo(levels - 1, member)] as const]
  })
  return Object.fromEntries(entries)
}

function isSecret(name: string, value: Json): boolean {
  return SECRET_NAME.test(name) && !(typeof value === 'number' && COUNTING.test(name))
}

function shorten(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}… (${text.length} characters)`
}
