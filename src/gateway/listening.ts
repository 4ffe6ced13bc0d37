import { inTime } from '../base/in-time.ts'
import type { Principal } from '../mcp/caller.ts'
import type { Listening, ListenRequest } from '../mcp/gateway-port.ts'
import type { ListenFilter } from '../mcp/messages.ts'
import { findResource } from './aggregation/lookup.ts'
import type { Backend } from './backend.ts'
import type { Catalogues } from './catalogues.ts'
import type { Interests, Listener } from './interests.ts'
import type { Following, Subscriptions } from './subscriptions.ts'
import type { TaskIds } from './task-ids.ts'
import { mayHaveResource, ownerOfResource } from './unlisted-resources.ts'

export interface ListeningOptions {
  readonly backends: ReadonlyMap<string, Backend>
  readonly catalogues: Catalogues
  readonly interests: Interests
  readonly subscriptions: Subscriptions
  readonly taskIds: TaskIds
  /** A backend that does not acknowledge within this time is left out of the acknowledgement. */
  readonly ackTimeoutMs: number
}

interface Wanted {
  readonly uris: string[]
  readonly taskIds: { client: string; native: string }[]
}

/**
 * Opens a `subscriptions/listen` of a modern client (2026-07-28 subscriptions): lists are always announced, resources
 * and tasks as far as their backends accept, within a bounded time.
 */
export async function openListening(
  options: ListeningOptions,
  request: ListenRequest,
): Promise<Listening> {
  const { filter, principal } = request
  const accepted = { uris: new Set<string>(), taskIds: new Set<string>() }
  const follows = await Promise.all(
    [...(await wantedByBackend(options, filter, principal))].map(async ([backend, wanted]) => {
      const following = await followBounded(options, backend, principal, wanted)
      for (const uri of following?.accepted.uris ?? []) accepted.uris.add(uri)
      for (const id of wanted.taskIds) {
        if (following?.accepted.taskIds.includes(id.native)) accepted.taskIds.add(id.client)
      }
      return following
    }),
  )
  const honoured: ListenFilter = {
    ...(filter.toolsListChanged === true ? { toolsListChanged: true } : {}),
    ...(filter.promptsListChanged === true ? { promptsListChanged: true } : {}),
    ...(filter.resourcesListChanged === true ? { resourcesListChanged: true } : {}),
    ...(filter.resourceSubscriptions === undefined
      ? {}
      : {
          resourceSubscriptions: filter.resourceSubscriptions.filter((uri) =>
            accepted.uris.has(uri),
          ),
        }),
    ...(filter.taskIds === undefined
      ? {}
      : { taskIds: filter.taskIds.filter((id) => accepted.taskIds.has(id)) }),
  }
  const listener: Listener = {
    filter: honoured,
    principal,
    sink: request.sink,
    onEnd: request.onEnd,
    async followAgain(name) {
      for (const [backend, wanted] of await wantedByBackend(options, honoured, principal)) {
        if (backend.name !== name) continue
        const following = await followBounded(options, backend, principal, wanted)
        if (stopped) following?.stop()
        else follows.push(following)
      }
    },
  }
  let stopped = false
  options.interests.addListener(listener)
  return {
    honoured,
    stop() {
      stopped = true
      options.interests.removeListener(listener)
      for (const following of follows) following?.stop()
    },
  }
}

async function wantedByBackend(
  options: ListeningOptions,
  filter: ListenFilter,
  principal: Principal,
): Promise<Map<Backend, Wanted>> {
  const wanted = new Map<Backend, Wanted>()
  function of(backend: Backend | undefined): Wanted | undefined {
    if (backend === undefined) return undefined
    let entry = wanted.get(backend)
    if (entry === undefined) wanted.set(backend, (entry = { uris: [], taskIds: [] }))
    return entry
  }
  // In time, as whoever is asked for what is not listed may be slow.
  const owners = new Map<string, Backend>()
  await inTime(findOwners(options, filter, principal, owners), options.ackTimeoutMs)
  for (const [uri, backend] of owners) of(backend)?.uris.push(uri)
  for (const client of filter.taskIds ?? []) {
    const id = options.taskIds.toBackend(client, principal)
    if (id !== undefined)
      of(options.backends.get(id.backend))?.taskIds.push({ client, native: id.native })
  }
  return wanted
}

async function findOwners(
  { catalogues, backends }: ListeningOptions,
  { resourceSubscriptions = [] }: ListenFilter,
  principal: Principal,
  found: Map<string, Backend>,
): Promise<void> {
  const unlisted: string[] = []
  for (const uri of resourceSubscriptions) {
    const target = findResource(catalogues.for({ principal }), uri)
    const backend = target && backends.get(target.backend)
    if (backend !== undefined) found.set(uri, backend)
    else unlisted.push(uri)
  }
  for (const uri of unlisted) {
    const candidates = mayHaveResource(catalogues.for({ principal }), backends, uri)
    const owner = await ownerOfResource(candidates, { principal }, uri)
    if (owner !== undefined) found.set(uri, owner)
  }
}

/** Undefined if the backend refuses or takes too long; a late acceptance is taken back. */
async function followBounded(
  options: ListeningOptions,
  backend: Backend,
  principal: Principal,
  wanted: Wanted,
): Promise<Following | undefined> {
  let late = false
  const following = options.subscriptions
    .follow(
      backend,
      { principal },
      {
        uris: wanted.uris,
        taskIds: wanted.taskIds.map((id) => id.native),
      },
    )
    .then(
      (made) => {
        if (late) made.stop()
        return made
      },
      () => undefined,
    )
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      late = true
      resolve(undefined)
    }, options.ackTimeoutMs)
  })
  const result = await Promise.race([following, timeout])
  clearTimeout(timer)
  return result
}
