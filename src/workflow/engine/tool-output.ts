import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts'

/** What a step gives to those that come after it. */
export interface StepOutput {
  /** `.steps.ID.output`: the structured content, else the content map. */
  readonly output: JsonObject
  /** `.steps.ID.content`; absent: the same as the output. */
  readonly content?: JsonObject | undefined
}

/** Reads the result of a tool: its output, or why it failed. */
export function readToolResult(result: JsonObject): StepOutput | { readonly error: string } {
  if (result['isError'] === true) return { error: reasonOf(result) }
  const { structuredContent } = result
  const content = contentMap(result['content'])
  if (structuredContent === undefined || structuredContent === null) return { output: content }
  // 2026-07-28 allows any JSON; a step's output is a map.
  const output = isJsonObject(structuredContent) ? structuredContent : { result: structuredContent }
  return { output, content }
}

/** First text `text`, next `text_1` …; images `image_0` …; embedded resources `resource`, `resource_1` …; no audio, no links. */
function contentMap(content: Json | undefined): JsonObject {
  const map: JsonObject = {}
  let texts = 0
  let images = 0
  let resources = 0
  for (const item of Array.isArray(content) ? content : []) {
    if (!isJsonObject(item)) continue
    const type = item['type']
    if (type === 'text') map[texts === 0 ? 'text' : `text_${texts}`] = item['text'] ?? ''
    if (type === 'image') map[`image_${images}`] = item['data'] ?? ''
    if (type === 'resource') {
      map[resources === 0 ? 'resource' : `resource_${resources}`] = bodyOf(item['resource'])
    }
    texts += Number(type === 'text')
    images += Number(type === 'image')
    resources += Number(type === 'resource')
  }
  return map
}

/** The text of an embedded resource, else its bytes in base64. */
function bodyOf(resource: Json | undefined): Json {
  if (!isJsonObject(resource)) return ''
  return resource['text'] || resource['blob'] || ''
}

/** The first text that is not empty, else what the structured content says. */
function reasonOf({ content, structuredContent }: JsonObject): string {
  for (const item of Array.isArray(content) ? content : []) {
    if (isJsonObject(item) && item['type'] === 'text' && isText(item['text'])) return item['text']
  }
  if (isJsonObject(structuredContent)) {
    for (const name of ['error', 'message', 'text']) {
      const value = structuredContent[name]
      if (isText(value)) return value
    }
  }
  return 'the tool reported an error without saying which'
}

function isText(value: Json | undefined): value is string {
  return typeof value === 'string' && value.trim() !== ''
}
