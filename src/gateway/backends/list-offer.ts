import { Cancellation } from '../../base/cancellation.ts'
import type { JsonObject } from '../../base/json.ts'
import type { BackendConnection, RequestTimeouts } from '../../mcp/backend-connection.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { createOffer, type BackendOffer } from '../aggregation/offer.ts'
import { listAll } from '../list-backend.ts'
import type { ListKind } from '../list-kinds.ts'

/**
 * Asks a backend for the lists of these kinds, all at once, and puts them into its offer; the others stay as they were.
 * A list that cannot be had is logged and stays unknown: the rest of the backend is still of use. Rejects if none could.
 */
export async function listOffer(
  previous: BackendOffer,
  connection: BackendConnection,
  kinds: ReadonlySet<ListKind>,
  options: { timeouts: RequestTimeouts; log: Logger },
): Promise<BackendOffer> {
  const { capabilities } = connection.server
  const known = { ...previous.known }
  const lists = {
    tools: previous.tools,
    resources: previous.resources,
    resourceTemplates: previous.resourceTemplates,
    prompts: previous.prompts,
  }
  let asked = 0
  const failures: unknown[] = []

  async function list(key: keyof typeof lists, method: string): Promise<void> {
    asked++
    try {
      lists[key] = (await listAll(request, method)) as never
      known[key] = true
    } catch (error) {
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

  const work: Promise<void>[] = []
  for (const kind of kinds) {
    if (capabilities[kind] === undefined) {
      Object.assign(lists, { [kind]: [] })
      known[kind] = true
      if (kind === 'resources') {
        lists.resourceTemplates = []
        known.resourceTemplates = true
      }
      continue
    }
    work.push(list(kind, `${kind}/list`))
    if (kind === 'resources') work.push(list('resourceTemplates', 'resources/templates/list'))
  }
  await Promise.all(work)
  if (asked > 0 && failures.length === asked) throw failures[0]
  return createOffer(previous.backend, {
    ...lists,
    known,
    era: connection.era,
    description: connection.server,
  })
}
