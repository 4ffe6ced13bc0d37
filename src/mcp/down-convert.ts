import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { cleanResultMeta } from './meta.ts'
import { parseRawResult } from './raw-response.ts'
import type { RawResponse } from './raw-response.ts'
import { isAtLeast } from './versions.ts'
import type { ProtocolVersion } from './versions.ts'

/**
 * Takes out of a result what the client's version does not know (mcp-spec 2.5, "Down-conversion"). Returns the same
 * object if there is nothing to take out.
 */
export function downConvertResult(
  method: string,
  result: JsonObject,
  version: ProtocolVersion,
): JsonObject {
  const listed = LISTS[method]
  if (listed !== undefined) return convertList(result, listed, version)
  if (method === 'tools/call') return convertToolResult(result, version)
  if (method === 'prompts/get') return convertPrompt(result, version)
  return result
}

/**
 * The same for a result in bytes: undefined if it can pass as it is, which a search in the bytes decides; only a result
 * that holds something to take out is parsed.
 */
export function downConvertRaw(
  method: string,
  raw: RawResponse,
  version: ProtocolVersion,
): JsonObject | undefined {
  if (isAtLeast(version, '2026-07-28') || !mayNeedConversion(method, raw, version)) return undefined
  const result = parseRawResult(raw)
  if (!isJsonObject(result)) return undefined
  const converted = downConvertResult(method, result, version)
  if (converted === result) return undefined
  const { resultType, ttlMs, cacheScope, ...rest } = cleanResultMeta(converted)
  return rest
}

const LISTS: Readonly<Record<string, string>> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
}

function mayNeedConversion(method: string, raw: RawResponse, version: ProtocolVersion): boolean {
  if (LISTS[method] !== undefined) return true
  if (method !== 'tools/call' && method !== 'prompts/get') return false
  const { bytes } = raw
  if (method === 'tools/call' && hasOddStructure(raw, version)) return true
  if (!isAtLeast(version, '2025-06-18') && bytes.includes('"resource_link"')) return true
  return !isAtLeast(version, '2025-03-26') && bytes.includes('"audio"')
}

/** Structured content at all (before 2025-06-18), or such that is no object (only modern clients may get it). */
function hasOddStructure(
  { bytes, structuredContent }: RawResponse,
  version: ProtocolVersion,
): boolean {
  if (structuredContent === undefined) return false
  return !isAtLeast(version, '2025-06-18') || bytes[structuredContent.start] !== 0x7b
}

function convertList(result: JsonObject, member: string, version: ProtocolVersion): JsonObject {
  const items = result[member]
  if (!Array.isArray(items)) return result
  return { ...result, [member]: items.map((item) => convertListed(item, version)) }
}

function convertListed(item: Json, version: ProtocolVersion): Json {
  if (!isJsonObject(item)) return item
  const out: JsonObject = { ...item }
  const schema = out['outputSchema']
  if (isJsonObject(schema) && schema['type'] !== 'object') delete out['outputSchema']
  for (const key of ['inputSchema', 'outputSchema']) {
    const described = out[key]
    if (isJsonObject(described)) out[key] = withObjectsAsProperties(described)
  }
  if (!isAtLeast(version, '2025-11-25')) {
    delete out['icons']
    delete out['execution']
  }
  if (!isAtLeast(version, '2025-06-18')) {
    delete out['title']
    delete out['outputSchema']
    const args = out['arguments']
    if (Array.isArray(args)) out['arguments'] = args.map(withoutTitle)
  }
  if (!isAtLeast(version, '2025-03-26') && 'inputSchema' in out) delete out['annotations']
  return out
}

/** Legacy versions have objects only where JSON Schema has `true` and `false`, too. */
function withObjectsAsProperties(schema: JsonObject): JsonObject {
  const { properties } = schema
  if (!isJsonObject(properties)) return schema
  const entries = Object.entries(properties)
  if (!entries.some(([, property]) => typeof property === 'boolean')) return schema
  const objects = entries.map(([name, property]) => [
    name,
    typeof property === 'boolean' ? (property ? {} : { not: {} }) : property,
  ])
  return { ...schema, properties: Object.fromEntries(objects) }
}

function withoutTitle(value: Json): Json {
  if (!isJsonObject(value)) return value
  const { title, ...rest } = value
  return rest
}

function convertToolResult(result: JsonObject, version: ProtocolVersion): JsonObject {
  const structured = result['structuredContent']
  const content = Array.isArray(result['content']) ? result['content'] : []
  const dropsStructure =
    structured !== undefined && (!isJsonObject(structured) || !isAtLeast(version, '2025-06-18'))
  const converted = convertContent(content, version)
  if (!dropsStructure && converted === content) return result
  const out: JsonObject = { ...result, content: converted }
  if (dropsStructure) {
    delete out['structuredContent']
    // What only the structure says must not be lost.
    if (!content.some(isText)) {
      out['content'] = [...converted, { type: 'text', text: JSON.stringify(structured) }]
    }
  }
  return out
}

function convertPrompt(result: JsonObject, version: ProtocolVersion): JsonObject {
  const messages = result['messages']
  if (!Array.isArray(messages) || isAtLeast(version, '2025-06-18')) return result
  const converted = messages.map((message) => {
    if (!isJsonObject(message) || !isJsonObject(message['content'])) return message
    return { ...message, content: convertBlock(message['content'], version) }
  })
  return { ...result, messages: converted }
}

function convertContent(content: Json[], version: ProtocolVersion): Json[] {
  if (isAtLeast(version, '2025-06-18')) return content
  const converted = content.map((block) => convertBlock(block, version))
  return converted.some((block, i) => block !== content[i]) ? converted : content
}

/** A resource link becomes the text of its uri; audio, before 2025-03-26, a note. */
function convertBlock(block: Json, version: ProtocolVersion): Json {
  if (!isJsonObject(block)) return block
  if (block['type'] === 'resource_link') {
    const { uri } = block
    const name = block['title'] ?? block['name']
    const parts = [name, uri].filter((part) => typeof part === 'string')
    return { type: 'text', text: parts.join(': ') }
  }
  if (block['type'] === 'audio' && !isAtLeast(version, '2025-03-26')) {
    const mimeType = block['mimeType']
    const kind = typeof mimeType === 'string' ? ` (${mimeType})` : ''
    return { type: 'text', text: `[audio${kind} left out: this protocol version has none]` }
  }
  return block
}

function isText(block: Json): boolean {
  return isJsonObject(block) && block['type'] === 'text'
}
