import type { Now } from '../../base/clock.ts'
import { RemoteConnection } from '../../cluster/remote-connection.ts'
import type { SharedConnections, UsedPlace } from '../../cluster/shared-connections.ts'
import type { JsonObject } from '../../base/json.ts'
import type { BackendConnection } from '../../mcp/backend-connection.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { BackendOffer } from '../aggregation/offer.ts'
import { createCoalescer, type CoalescerDelays } from '../coalesce.ts'
import type { BackendConfig } from '../config.ts'
import { SHARED_CAPABILITIES, type Connect } from '../connect.ts'
import type { ListKind } from '../list-kinds.ts'
import type { TaskIds } from '../task-ids.ts'
import { connectionEvents, NO_EVENTS } from './connection-events.ts'
import { listOffer, withLists } from './list-offer.ts'
import { createPool, type ConnectionPool, type SlotOwner } from './pool.ts'
import { shareConnect, toOwner } from './share-connect.ts'
import { createSlot, type Slot, type SlotOptions } from './slot.ts'
import { tellLoss } from './tell-loss.ts'

/** How a session ended here. `elsewhere`: another replica ended it and what is stored of it. `left`: it goes on there. */
export type SessionEnd = 'ended' | 'elsewhere' | 'left'

export interface OwnConnectionsOptions {
  readonly config: () => BackendConfig
  readonly ttlMs: () => number
  /** Processes of a stdio backend. */
  readonly maxProcesses: () => number
  readonly connect: Connect
  /** The same on all replicas. Undefined: we are alone. */
  readonly shared: SharedConnections | undefined
  readonly taskIds: TaskIds
  /** The gateway's own connection, if it stands. */
  readonly main: () => BackendConnection | undefined
  /** What the backend offers to everybody. */
  readonly offer: () => BackendOffer
  readonly slotBasics: () => Pick<
    SlotOptions,
    'openStream' | 'timeouts' | 'newCancellation' | 'now' | 'log'
  >
  /** Changes that a backend announces within this time become one listing. */
  readonly announcedWaits: CoalescerDelays
  /** An owner's connection offers something else (or no longer does: undefined) than the backend does to all. */
  readonly onOffer: (owner: SlotOwner, offer: BackendOffer | undefined) => void
  readonly onListChanged: (owner: SlotOwner, kinds: ReadonlySet<ListKind>) => void
  readonly onNotification: (owner: SlotOwner, method: string, params: JsonObject) => void
  readonly now: Now
  readonly log: Logger
}

/** The connections to one backend that belong to somebody, on this replica and for the others. */
export interface OwnConnections extends Pick<
  ConnectionPool,
  'slotFor' | 'peek' | 'release' | 'sweep' | 'size' | 'close'
> {
  /** The owner's connection, as other replicas know it. */
  usedPlace(owner: SlotOwner): UsedPlace
  /** True if there is something of this owner's that another replica opened. Rejects as the store does. */
  isElsewhere(owner: SlotOwner): Promise<boolean>
  /** Asks for the lists of an owner's own connection. `isNews`: the backend announced a change. Never rejects. */
  relist(slot: Slot, owner: SlotOwner, kinds: ReadonlySet<ListKind>, isNews: boolean): Promise<void>
  endSession(session: ClientSession, end: SessionEnd): void
}

/** A connection over HTTP costs little here; each of a stdio backend is a process. */
const MAX_HTTP_CONNECTIONS = 20_000

export function createOwnConnections(options: OwnConnectionsOptions): OwnConnections {
  const { shared, log } = options
  const { name, target } = options.config()
  const pool = createPool({
    backend: name,
    makeSlot,
    maxSlots: target.kind === 'http' ? () => MAX_HTTP_CONNECTIONS : options.maxProcesses,
    idleMs: options.ttlMs,
    ...(shared === undefined
      ? {}
      : {
          mayGoOn: async (owner) => !isProcess() && (await shared.isKept(placeOf(owner))),
          onUsed: (owner) => void shared.prolong([usedPlace(owner)], options.ttlMs()),
        }),
    now: options.now,
    onEnd: (owner) => options.onOffer(owner, undefined),
    isElsewhere: ({ connection }) => connection instanceof RemoteConnection,
    onEvicted: (owner) =>
      log.debug(
        { session: owner.kind === 'session' ? owner.session.id : undefined },
        'The connection of an idle client made room for another',
      ),
  })

  function makeSlot(owner: SlotOwner, isReturning: boolean): Slot {
    const session = owner.kind === 'session' ? owner.session : undefined
    const changes = createCoalescer<ListKind>(options.announcedWaits, (kinds) =>
      relist(slot, owner, kinds, true),
    )
    const slot = createSlot({
      ...options.slotBasics(),
      connect:
        shared === undefined ? tellLoss(connect, name, isReturning) : sharedConnect(shared, owner),
      capabilities: session === undefined ? SHARED_CAPABILITIES : declared(session),
      events: connectionEvents(name, owner, options.taskIds, {
        onListChanged: (kind) => changes.add(kind),
        onNotification: (method, params) => options.onNotification(owner, method, params),
      }),
      onLost: (reason) =>
        log.warn(
          { session: session?.id, reason },
          'A connection was lost: what the backend kept for its client is gone',
        ),
    })
    if (session?.client.logLevel !== undefined) void slot.setLogLevel(session.client.logLevel)
    return slot
  }

  /** What is somebody's own has a session, which only the legacy era knows. */
  function connect(request: Parameters<Connect>[0]): Promise<BackendConnection> {
    const isModern = options.main()?.era === 'modern'
    return options.connect(isModern ? { ...request, era: 'legacy' } : request)
  }

  function sharedConnect(connections: SharedConnections, owner: SlotOwner): Connect {
    return shareConnect({
      connections,
      backend: name,
      owner,
      isProcess,
      server() {
        const main = options.main()
        return main?.era === 'legacy' ? main.server : undefined
      },
      connect,
    })
  }

  /** What others can only reach through us: a child, or a stream of HTTP+SSE. */
  function isProcess(): boolean {
    const now = options.config().target
    if (now.kind === 'stdio' || now.transport === 'sse') return true
    return options.main()?.transport === 'sse'
  }

  function placeOf(owner: SlotOwner) {
    return { owner: toOwner(owner), backend: name }
  }

  function usedPlace(owner: SlotOwner): UsedPlace {
    const connection = pool.peek(owner)?.connection
    if (connection?.sessionId === undefined || connection.era !== 'legacy' || isProcess()) {
      return placeOf(owner)
    }
    const { sessionId, version } = connection
    return { ...placeOf(owner), session: { sessionId, version } }
  }

  async function relist(
    slot: Slot,
    owner: SlotOwner,
    kinds: ReadonlySet<ListKind>,
    isNews: boolean,
  ): Promise<void> {
    const { connection } = slot
    if (connection === undefined) return
    try {
      const { timeouts } = options.slotBasics()
      const listed = await listOffer(connection, kinds, { timeouts, log })
      const offer = options.offer()
      const own = withLists(offer, listed)
      options.onOffer(owner, sameLists(own, offer) ? undefined : own)
      if (isNews) options.onListChanged(owner, kinds)
    } catch (error) {
      log.debug({ err: error }, 'Cannot list what a backend offers to one client')
    }
  }

  /** A session ended that others served: what the backend keeps for it ends, too. */
  function endElsewhere(owner: SlotOwner): void {
    if (options.config().sessions !== 'perSession' || isProcess()) return
    void shared?.end(placeOf(owner), (resume) =>
      options.connect({ capabilities: {}, openStream: false, events: NO_EVENTS, resume }),
    )
  }

  return {
    ...pool,
    get size() {
      return pool.size
    },
    usedPlace,
    isElsewhere: async (owner) => (await shared?.isKept(placeOf(owner))) === true,
    relist,
    endSession(session, end) {
      const owner = { kind: 'session', session } as const
      const isHere = pool.peek(owner) !== undefined
      pool.endSession(session, end === 'left')
      if (end !== 'ended') return
      if (isHere) void shared?.forget(placeOf(owner))
      else endElsewhere(owner)
    },
  }
}

/**
 * What a backend hears of a client. Not that it could run questions as tasks (2025-11-25, experimental): `tasks/get` and the like
 * of a backend lead to nobody, so what a backend would offer on such a promise could not end.
 */
function declared({ client }: ClientSession): JsonObject {
  const { tasks, ...capabilities } = client.capabilities
  return capabilities
}

function sameLists(a: BackendOffer, b: BackendOffer): boolean {
  return listsJson(a) === listsJson(b)
}

function listsJson(offer: BackendOffer): string {
  return JSON.stringify([offer.tools, offer.resources, offer.resourceTemplates, offer.prompts])
}
