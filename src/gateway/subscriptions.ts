import type { ClientSession } from '../mcp/client-session.ts'
import type { ListenFilter } from '../mcp/messages.ts'
import type { Reply } from '../mcp/reply.ts'
import type { Backend, CallOwner } from './backend.ts'
import { createCounted, type Counted } from './counted.ts'

/** Resources and tasks that clients follow, kept in step with the backends that announce them. */
export interface Subscriptions {
  /** Legacy `resources/subscribe`. Resolves with the backend's answer. */
  subscribe(backend: Backend, owner: CallOwner, uri: string): Promise<Reply>
  unsubscribe(backend: Backend, owner: CallOwner, uri: string): Promise<void>
  /** Modern listen: follows uris and tasks of one backend; resolves with what it accepted and the way to stop. */
  follow(backend: Backend, owner: CallOwner, wanted: Followed): Promise<Following>
}

export interface Followed {
  readonly uris: readonly string[]
  readonly taskIds: readonly string[]
}

export interface Following {
  readonly accepted: Followed
  stop(): void
}

interface Shared {
  readonly uris: Counted
  readonly taskIds: Counted
}

export function createSubscriptions(): Subscriptions {
  /** What is wanted of modern backends, whose one listen stream serves all clients. */
  const shared = new Map<string, Shared>()

  function sharedOf(backend: Backend): Shared {
    let found = shared.get(backend.name)
    if (found === undefined) {
      found = { uris: createCounted(), taskIds: createCounted() }
      shared.set(backend.name, found)
    }
    return found
  }

  function filterOf(wanted: Shared): ListenFilter {
    return {
      ...(wanted.uris.size > 0 ? { resourceSubscriptions: wanted.uris.items() } : {}),
      ...(wanted.taskIds.size > 0 ? { taskIds: wanted.taskIds.items() } : {}),
    }
  }

  async function followModern(backend: Backend, wanted: Followed): Promise<Following> {
    const all = sharedOf(backend)
    for (const uri of wanted.uris) all.uris.add(uri)
    for (const id of wanted.taskIds) all.taskIds.add(id)
    const honoured = await backend.listen(filterOf(all))
    const accepted = {
      uris: wanted.uris.filter((uri) => honoured.resourceSubscriptions?.includes(uri)),
      taskIds: wanted.taskIds.filter((id) => honoured.taskIds?.includes(id)),
    }
    return {
      accepted,
      stop() {
        for (const uri of wanted.uris) all.uris.remove(uri)
        for (const id of wanted.taskIds) all.taskIds.remove(id)
        void backend.listen(filterOf(all)).catch(() => {})
      },
    }
  }

  async function followLegacy(
    backend: Backend,
    owner: CallOwner,
    wanted: Followed,
  ): Promise<Following> {
    const slot = await backend.slotFor(owner)
    const answers = await Promise.all(
      wanted.uris.map((uri) => slot.subscribe(uri).then((reply) => reply.kind !== 'error')),
    )
    const uris = wanted.uris.filter((_, index) => answers[index])
    return {
      accepted: { uris, taskIds: [] },
      stop() {
        for (const uri of uris) void slot.unsubscribe(uri).catch(() => {})
      },
    }
  }

  async function isModern(backend: Backend, owner: CallOwner): Promise<boolean> {
    return (await backend.connectionFor(owner)).era === 'modern'
  }

  return {
    async subscribe(backend, owner, uri) {
      if (!(await isModern(backend, owner))) return (await backend.slotFor(owner)).subscribe(uri)
      const { accepted } = await followModern(backend, { uris: [uri], taskIds: [] })
      return accepted.uris.length === 1
        ? { kind: 'result', result: {} }
        : {
            kind: 'error',
            error: {
              code: -32602,
              message: `Backend does not announce changes of ${uri}`,
              data: { uri },
            },
          }
    },
    async unsubscribe(backend, owner, uri) {
      if (!(await isModern(backend, owner))) {
        await (await backend.slotFor(owner)).unsubscribe(uri)
        return
      }
      const all = sharedOf(backend)
      all.uris.remove(uri)
      await backend.listen(filterOf(all))
    },
    async follow(backend, owner, wanted) {
      return (await isModern(backend, owner))
        ? followModern(backend, wanted)
        : followLegacy(backend, owner, wanted)
    },
  }
}

/** The owner of a session's own calls. */
export function ownerOf(session: ClientSession): CallOwner {
  return { principal: session.principal, session }
}
