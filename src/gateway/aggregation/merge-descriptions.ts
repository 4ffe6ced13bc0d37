import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { Era } from '../../mcp/versions.ts'
import type { BackendOffer } from './offer.ts'
import { sortedBy } from './order.ts'

const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks'

/**
 * The capabilities of the gateway for clients of one era. Lists, subscriptions, logging and completions are always there:
 * backends come and go while a client's handshake stays. Tasks and extensions need backends of the same era that have
 * them: tasks whatever any of them can (which tool may be one, each tool says itself); any other extension than tasks must be
 * honoured by every backend that was reached.
 */
export function mergeCapabilities(offers: readonly BackendOffer[], era: Era): JsonObject {
  const merged: JsonObject = {
    tools: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    prompts: { listChanged: true },
    logging: {},
    completions: {},
  }
  const reached = offers.filter((offer) => offer.own !== true && offer.description !== undefined)
  if (era === 'legacy') {
    const [first, ...others] = reached
      .filter((offer) => offer.era === 'legacy')
      .map((offer) => capability(offer, 'tasks'))
      .filter((tasks) => tasks !== undefined)
    if (first !== undefined) merged['tasks'] = others.reduce(union, first)
  } else {
    const extensions = mergeExtensions(reached)
    if (Object.keys(extensions).length > 0) merged['extensions'] = extensions
  }
  return merged
}

function mergeExtensions(reached: readonly BackendOffer[]): JsonObject {
  const merged: JsonObject = {}
  for (const offer of reached) {
    const own = capability(offer, 'extensions')
    if (offer.era !== 'modern' || own === undefined) continue
    for (const [id, settings] of Object.entries(own)) {
      // A tool of a backend without tasks answers at once, which the extension allows.
      if (
        id === TASKS_EXTENSION ||
        reached.every((other) => capability(other, 'extensions')?.[id] !== undefined)
      ) {
        merged[id] ??= settings
      }
    }
  }
  return merged
}

/** Everything that one of two has, at every depth (`tasks.requests.tools.call`); where both say something else, the first. */
function union(one: JsonObject, other: JsonObject): JsonObject {
  const shared = Object.entries(one).map(([key, value]) => {
    const second = Object.hasOwn(other, key) ? other[key] : undefined
    return [key, isJsonObject(value) && isJsonObject(second) ? union(value, second) : value]
  })
  return { ...other, ...Object.fromEntries(shared) }
}

/** Instructions of all backends: of one alone its own text as it is, of several each under the backend's name, sorted. */
export function mergeInstructions(offers: readonly BackendOffer[]): string | undefined {
  const foreign = sortedBy(
    offers.filter((offer) => offer.own !== true),
    (offer) => offer.backend,
  )
  const given = foreign.flatMap(({ backend, description }) => {
    const text = description?.instructions
    return text?.trim() ? [{ backend, text }] : []
  })
  const [only] = given
  if (only === undefined) return undefined
  if (foreign.length === 1) return only.text
  return given.map(({ backend, text }) => `## ${backend}\n\n${text.trim()}`).join('\n\n')
}

function capability(offer: BackendOffer, name: string): JsonObject | undefined {
  const value = offer.description?.capabilities[name]
  return isJsonObject(value) ? value : undefined
}
