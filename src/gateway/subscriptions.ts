import type { ListenFilter, RpcError } from '../mcp/messages.ts'
import { INVALID_PARAMS } from '../mcp/rpc-codes.ts'
import type { Backend } from './backend.ts'
import type { CallOwner } from './backends/slot-choice.ts'
import { createCounted, type Counted } from './counted.ts'

/** Resources and tasks that clients follow, kept in step with the backends that announce them. */
export interface Subscriptions {
  /** Follows uris and tasks of one backend; resolves with what it accepted and the way to stop. */
  follow(backend: Backend, owner: CallOwner, wanted: Followed): Promise<Following>
}

export interface Followed {
  readonly uris: readonly string[]
  readonly taskIds: readonly string[]
}

export interface Following {
  readonly accepted: Followed
  /** Why something was not accepted, if the backend said. */
  readonly refusal?: RpcError
  stop(): void
}

/** What is wanted of one modern backend, whose one listen stream serves all clients. */
interface Shared {
  readonly uris: Counted
  readonly taskIds: Counted
}

export function createSubscriptions(): Subscriptions {
  const shared = new WeakMap<Backend, Shared>()

  function sharedOf(backend: Backend): Shared {
    let found = shared.get(backend)
    if (found === undefined) {
      found = { uris: createCounted(), taskIds: createCounted() }
      shared.set(backend, found)
    }
    return found
  }

  async function followModern(backend: Backend, wanted: Followed): Promise<Following> {
    const all = sharedOf(backend)
    for (const uri of wanted.uris) all.uris.add(uri)
    for (const id of wanted.taskIds) all.taskIds.add(id)
    const stop = () => {
      for (const uri of wanted.uris) all.uris.remove(uri)
      for (const id of wanted.taskIds) all.taskIds.remove(id)
      // It goes on announcing what nobody wants any more until its next change: harmless.
      backend.listen(filterOf(all)).catch(() => {})
    }
    try {
      const honoured = await backend.listen(filterOf(all))
      const accepted = {
        uris: wanted.uris.filter((uri) => honoured.resourceSubscriptions?.includes(uri)),
        taskIds: wanted.taskIds.filter((id) => honoured.taskIds?.includes(id)),
      }
      return { accepted, stop }
    } catch (error) {
      stop()
      throw error
    }
  }

  return {
    async follow(backend, owner, wanted) {
      const connection = await backend.connectionFor(owner)
      return connection.era === 'modern'
        ? followModern(backend, wanted)
        : followLegacy(backend, owner, wanted)
    },
  }
}

async function followLegacy(
  backend: Backend,
  owner: CallOwner,
  wanted: Followed,
): Promise<Following> {
  const slot = await backend.slotFor(owner)
  const replies = await Promise.all(wanted.uris.map((uri) => slot.subscribe(uri)))
  const uris = wanted.uris.filter((_, index) => replies[index]?.kind !== 'error')
  const refusal = replies.find((reply) => reply.kind === 'error')
  return {
    accepted: { uris, taskIds: [] },
    ...(refusal === undefined ? {} : { refusal: refusal.error }),
    stop() {
      for (const uri of uris) slot.unsubscribe(uri).catch(() => {})
    },
  }
}

function filterOf(wanted: Shared): ListenFilter {
  return {
    ...(wanted.uris.size > 0 ? { resourceSubscriptions: wanted.uris.items() } : {}),
    ...(wanted.taskIds.size > 0 ? { taskIds: wanted.taskIds.items() } : {}),
  }
}

/** What a client hears whose subscription was not accepted. */
export function refusalOf(uri: string, following: Following): RpcError {
  return (
    following.refusal ?? {
      code: INVALID_PARAMS,
      message: `The backend does not announce changes of ${uri}`,
      data: { uri },
    }
  )
}
