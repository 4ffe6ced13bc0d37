import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { ClientView } from './caller.ts'
import { cleanRequestMeta } from './meta.ts'
import type { InputRequest } from './messages.ts'
import { plainForm, type PlainForm } from './plain-form.ts'
import { isAtLeast } from './versions.ts'

/**
 * Whether a client can be asked something. `ask`: with these params, in the client's dialect, to be answered
 * in it, too. `answered`: the client's
 * version has no way to ask it, and this is what it would have said. `refused`: the client did not declare it.
 */
export type Askable =
  | ({ readonly kind: 'ask' } & PlainForm)
  | { readonly kind: 'answered'; readonly answer: JsonObject }
  | { readonly kind: 'refused'; readonly reason: string; readonly required: Record<string, Json> }

/** Judges one question (mcp-spec 2.4). `newId` names url elicitations of modern backends, which have no id. */
export function checkQuestion(
  request: InputRequest,
  client: ClientView,
  newId: () => string,
): Askable {
  switch (request.method) {
    case 'elicitation/create':
      return request.params['mode'] === 'url'
        ? checkUrl(request.params, client, newId)
        : checkForm(request.params, client)
    case 'sampling/createMessage':
      return checkSampling(request.params, client)
    case 'roots/list':
      return isJsonObject(client.capabilities['roots'])
        ? { kind: 'ask', params: cleaned(request.params, client) }
        : notDeclared({ roots: {} })
  }
}

function checkUrl(params: JsonObject, client: ClientView, newId: () => string): Askable {
  const declared = client.capabilities['elicitation']
  const can = isJsonObject(declared) && declared['url'] !== undefined
  if (client.era === 'modern') {
    if (!can) return notDeclared({ elicitation: { url: {} } })
    const { elicitationId, ...rest } = cleaned(params, client)
    return { kind: 'ask', params: rest }
  }
  if (!isAtLeast(client.version, '2025-06-18') || !isJsonObject(declared)) {
    return notDeclared({ elicitation: { url: {} } })
  }
  // The mode exists since 2025-11-25; a client that cannot open the url does not go there.
  if (!can || !isAtLeast(client.version, '2025-11-25')) {
    return { kind: 'answered', answer: { action: 'decline' } }
  }
  const own = cleaned(params, client)
  const elicitationId = own['elicitationId'] ?? newId()
  return { kind: 'ask', params: { ...own, elicitationId } }
}

function checkForm(params: JsonObject, client: ClientView): Askable {
  const declared = client.capabilities['elicitation']
  if (!isAtLeast(client.version, '2025-06-18') || !isJsonObject(declared)) {
    return notDeclared({ elicitation: {} })
  }
  // An empty object means form only.
  if (declared['form'] === undefined && declared['url'] !== undefined) {
    return notDeclared({ elicitation: { form: {} } })
  }
  const own = cleaned(params, client)
  if (isAtLeast(client.version, '2025-11-25')) return { kind: 'ask', params: own }
  const { mode, ...rest } = own
  return { kind: 'ask', ...plainForm(rest) }
}

function checkSampling(params: JsonObject, client: ClientView): Askable {
  const declared = client.capabilities['sampling']
  if (!isJsonObject(declared)) return notDeclared({ sampling: {} })
  const wantsTools = params['tools'] !== undefined || params['toolChoice'] !== undefined
  const canTools = declared['tools'] !== undefined && isAtLeast(client.version, '2025-11-25')
  if (wantsTools && !canTools) return notDeclared({ sampling: { tools: {} } })
  return { kind: 'ask', params: cleaned(params, client) }
}

function notDeclared(required: Record<string, Json>): Askable {
  const reason = `the client did not declare the capability "${nameOf(required)}"`
  return { kind: 'refused', reason, required }
}

/** `{ elicitation: { form: {} } }` is `elicitation.form`. */
function nameOf(required: Record<string, Json>): string {
  const [first] = Object.entries(required)
  if (first === undefined) return ''
  const [name, within] = first
  const rest = isJsonObject(within) ? Object.keys(within) : []
  return [name, ...rest].join('.')
}

/** Modern questions carry no `_meta`; legacy ones none of the other hop. */
function cleaned(params: JsonObject, client: ClientView): JsonObject {
  if (client.era === 'legacy') return cleanRequestMeta(params)
  const { _meta, ...rest } = params
  return rest
}
