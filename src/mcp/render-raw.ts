import { isJsonObject } from '../base/json.ts'
import type { JsonObject } from '../base/json.ts'
import type { RequestId } from './messages.ts'
import { skipSpace } from './json-skip.ts'
import { cleanResultMeta, META_SERVER_INFO } from './meta.ts'
import { parseMember, type MemberSpan, type RawResponse } from './raw-response.ts'
import type { Era } from './versions.ts'

export interface RenderOptions {
  /** The client's own id. */
  readonly id: RequestId
  readonly dialect: Era
  /** `JSON.stringify` of our own Implementation, stamped on results for modern clients. */
  readonly serverInfoJson: string
  /** Modern: the method's complete results carry caching hints; `0`/`private` where the backend gave none. */
  readonly cacheable?: boolean
}

/** One replacement in the result: bytes from `start` to `end` give way to `text`. */
interface Edit {
  start: number
  end: number
  text: string
}

/**
 * The response for a client, as chunks to be written one after another: the backend's bytes with another envelope and
 * with the members changed that belong to one hop (`resultType`, caching hints, reserved `_meta`).
 */
export function renderRaw(raw: RawResponse, options: RenderOptions): Buffer[] {
  const edits = options.dialect === 'modern' ? modernEdits(raw, options) : legacyEdits(raw)
  const chunks: Buffer[] = []
  let text = `{"jsonrpc":"2.0","id":${typeof options.id === 'number' ? options.id : JSON.stringify(options.id)},"result":`
  let at = raw.result.start
  for (const edit of edits) {
    if (edit.start > at) {
      chunks.push(Buffer.from(text), raw.bytes.subarray(at, edit.start))
      text = ''
    }
    text += edit.text
    at = edit.end
  }
  if (text !== '') chunks.push(Buffer.from(text))
  chunks.push(raw.bytes.subarray(at, raw.result.end), CLOSE)
  return chunks
}

const CLOSE = Buffer.from('}')

function legacyEdits(raw: RawResponse): Edit[] {
  const edits: Edit[] = []
  for (const member of [raw.resultType, raw.ttlMs, raw.cacheScope]) {
    if (member) edits.push(removal(raw, member))
  }
  if (raw.meta && mayHoldHopKeys(raw, raw.meta)) {
    const meta = readMeta(raw, raw.meta)
    edits.push(
      meta === undefined
        ? removal(raw, raw.meta)
        : { start: raw.meta.start, end: raw.meta.end, text: JSON.stringify(meta) },
    )
  }
  return edits.length === 0 ? edits : tidied(raw, edits)
}

function modernEdits(raw: RawResponse, options: RenderOptions): Edit[] {
  const edits: Edit[] = []
  const serverInfo = `"${META_SERVER_INFO}":${options.serverInfoJson}`
  let added = ''
  if (!raw.resultType) added += '"resultType":"complete",'
  if (options.cacheable === true && !raw.ttlMs) added += '"ttlMs":0,'
  if (options.cacheable === true && !raw.cacheScope) added += '"cacheScope":"private",'
  if (!raw.meta) added += `"_meta":{${serverInfo}},`
  else {
    const isObject = raw.bytes[raw.meta.start] === 0x7b
    const kept =
      !isObject || mayHoldHopKeys(raw, raw.meta)
        ? JSON.stringify(readMeta(raw, raw.meta) ?? {})
        : raw.bytes.toString('utf8', raw.meta.start, raw.meta.end)
    const rest = kept.slice(1).trimStart()
    edits.push({
      start: raw.meta.start,
      end: raw.meta.end,
      text: rest === '}' ? `{${serverInfo}}` : `{${serverInfo},${rest}`,
    })
  }
  if (added !== '') {
    const inside = raw.result.start + 1
    const empty = raw.bytes[skipSpace(raw.bytes, inside)] === 0x7d
    edits.unshift({ start: inside, end: inside, text: empty ? added.slice(0, -1) : added })
  }
  return edits
}

/** A native search decides whether `_meta` has to be decoded at all. */
function mayHoldHopKeys(raw: RawResponse, meta: MemberSpan): boolean {
  const slice = raw.bytes.subarray(meta.start, meta.end)
  return slice.includes('modelcontextprotocol') || slice.includes(0x5c)
}

function readMeta(raw: RawResponse, meta: MemberSpan): JsonObject | undefined {
  const value = parseMember(raw, meta)
  if (!isJsonObject(value)) return undefined
  const kept = cleanResultMeta({ _meta: value })['_meta']
  return isJsonObject(kept) ? kept : undefined
}

/** Takes a member out together with the comma behind it and the white space around that. */
function removal(raw: RawResponse, member: MemberSpan): Edit {
  let end = skipSpace(raw.bytes, member.end)
  if (raw.bytes[end] === 0x2c) end = skipSpace(raw.bytes, end + 1)
  return { start: member.key, end, text: '' }
}

/** Edits in order, neighbours joined; where the last members of the result go, the comma before them goes too. */
function tidied(raw: RawResponse, edits: Edit[]): Edit[] {
  edits.sort((a, b) => a.start - b.start)
  const joined: Edit[] = []
  for (const edit of edits) {
    const last = joined[joined.length - 1]
    if (last && last.end === edit.start && last.text === '') {
      last.end = edit.end
      last.text = edit.text
    } else joined.push(edit)
  }
  for (const edit of joined) {
    if (edit.text !== '' || edit.end !== raw.result.end - 1) continue
    let before = edit.start - 1
    while (isSpace(raw.bytes[before])) before--
    if (raw.bytes[before] === 0x2c) edit.start = before
  }
  return joined
}

function isSpace(c: number | undefined): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09
}
