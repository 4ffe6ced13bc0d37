import { Cancellation } from '../../base/cancellation.ts'
import type { JsonObject } from '../../base/json.ts'
import type { BackendConnection, RequestTimeouts } from '../../mcp/backend-connection.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { BackendOffer, MalformedItems } from '../aggregation/offer.ts'
import { listAll } from '../list-backend.ts'
import type { ListKind } from '../list-kinds.ts'
import type { MalformedItem } from '../listed/mend-listed.ts'

type Lists = Pick<BackendOffer, 'tools' | 'resources' | 'resourceTemplates' | 'prompts'>
type ListName = keyof Lists

/** Lists that were just asked for, to be put into an offer with `withLists`. */
export interface ListedOffer {
  readonly connection: BackendConnection
  readonly lists: Partial<Lists>
  readonly malformed: MalformedItems
  /** Kinds of which a list could not be had. */
  readonly missing: ReadonlySet<ListKind>
}

/**
 * Asks a backend for the lists of these kinds, all at once. A list that cannot be had is logged and left out: the rest of
 * the backend is still of use. Rejects if there are lists but none could be had.
 */
export async function listOffer(
  connection: BackendConnection,
  kinds: ReadonlySet<ListKind>,
  options: { timeouts: RequestTimeouts; log: Logger },
): Promise<ListedOffer> {
  const lists: { -readonly [Name in ListName]?: Lists[Name] } = {}
  const malformed: { [Name in ListName]?: MalformedItem[] } = {}
  const missing = new Set<ListKind>()
  const failures: unknown[] = []
  const { capabilities } = connection.server
  const all = [...kinds].flatMap((kind) => listsOf(kind))
  const asked = all.filter(({ kind }) => capabilities[kind] !== undefined)
  for (const { kind, name } of all) {
    if (capabilities[kind] !== undefined) continue
    lists[name] = []
    malformed[name] = []
  }

  async function list({ kind, name, method }: ListOf): Promise<void> {
    try {
      const bad: MalformedItem[] = []
      lists[name] = (await listAll(request, method, {
        onMalformed: (item) => bad.push(item),
      })) as never
      malformed[name] = bad
    } catch (error) {
      missing.add(kind)
      failures.push(error)
      options.log.warn({ method, err: error }, 'Cannot list what a backend offers')
    }
  }

  function request(method: string, params: JsonObject) {
    return connection.request({
      method,
      params,
      capabilities: {},
      wantsProgress: false,
      cancellation: new Cancellation(),
      timeouts: options.timeouts,
    })
  }

  await Promise.all(asked.map(list))
  if (failures.length > 0 && failures.length === asked.length) throw failures[0]
  return { connection, lists, malformed, missing }
}

/** The offer with what was just listed; the other lists stay. */
export function withLists(
  offer: BackendOffer,
  { connection, lists, malformed }: ListedOffer,
): BackendOffer {
  const known = Object.fromEntries(Object.keys(lists).map((name) => [name, true]))
  return {
    ...offer,
    ...lists,
    known: { ...offer.known, ...known },
    malformed: { ...offer.malformed, ...malformed },
    era: connection.era,
    description: connection.server,
  }
}

interface ListOf {
  readonly kind: ListKind
  readonly name: ListName
  readonly method: string
}

function listsOf(kind: ListKind): ListOf[] {
  const own = { kind, name: kind, method: `${kind}/list` }
  return kind === 'resources'
    ? [own, { kind, name: 'resourceTemplates', method: 'resources/templates/list' }]
    : [own]
}
