import { createBackoff } from '../base/backoff.ts'
import { Cancellation } from '../base/cancellation.ts'
import { isAppError } from '../base/errors.ts'
import type { Now } from '../base/clock.ts'
import type { SharedPermits } from '../cluster/shared-permits.ts'
import type { SharedConnections, UsedPlace } from '../cluster/shared-connections.ts'
import type { JsonObject } from '../base/json.ts'
import type { BackendConnection, ConnectionEvents } from '../mcp/backend-connection.ts'
import type { Call } from '../mcp/call.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import { mcpErrors } from '../mcp/errors.ts'
import type { InputRequest, ListenFilter, LogLevel } from '../mcp/messages.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createOffer, NOTHING_KNOWN, type BackendOffer } from './aggregation/offer.ts'
import { callLimits, clientLimits } from './call-limits.ts'
import { callTimeouts, type CallTimeouts } from './call-timeouts.ts'
import { createCoalescer } from './coalesce.ts'
import type { BackendConfig, OperationalConfig } from './config.ts'
import { gatewayErrors } from './errors.ts'
import { listKindOf, type ListKind } from './list-kinds.ts'
import { SHARED_CAPABILITIES, type Connect } from './connect.ts'
import { createBudget, type Budget } from './backends/budget.ts'
import { createClientShares, type ClientShares } from './backends/client-shares.ts'
import { listOffer, withLists } from './backends/list-offer.ts'
import { createMainConnection } from './backends/main-connection.ts'
import { createOfferKeeper } from './backends/offer-keeper.ts'
import { createPool, type SlotOwner } from './backends/pool.ts'
import { shareConnect, toOwner } from './backends/share-connect.ts'
import { createSlot, type Slot } from './backends/slot.ts'
import { tellLoss } from './backends/tell-loss.ts'

/** What a backend tells the gateway. */
export interface BackendEvents {
  /** The offer for everybody was replaced. `announced`: the kinds the backend itself said had changed. */
  onOffer(backend: Backend, announced: ReadonlySet<ListKind>): void
  /** Somebody's own connection offers something else (or no longer does: undefined) than the backend does to all. */
  onOwnOffer(backend: Backend, owner: SlotOwner, offer: BackendOffer | undefined): void
  onOwnListChanged(backend: Backend, owner: SlotOwner, kinds: ReadonlySet<ListKind>): void
  /** Any other notification outside a call; `owner` undefined: from a connection that everybody shares. */
  onNotification(
    backend: Backend,
    owner: SlotOwner | undefined,
    method: string,
    params: JsonObject,
  ): void
  /** The connection for everybody came up, was lost, or could not be made: then with the error. */
  onState(backend: Backend, up: boolean, reason: string, error?: unknown): void
}

/** One configured backend with all its connections. */
export interface Backend {
  readonly name: string
  readonly config: BackendConfig
  /** Calls on their way through it, those included that wait for an answer of their client; whoever makes one counts. */
  readonly calls: { count: number }
  /** How many calls of runs it gets at once. */
  readonly budget: Budget
  /** How many calls each client gets at once; undefined: one connection takes them all. */
  readonly shares: ClientShares | undefined
  readonly offer: BackendOffer
  /** The gateway's own connection, if it stands. */
  readonly main: BackendConnection | undefined
  /** Why there is none. */
  readonly lastError: string | undefined
  /** Resolves when the first attempt to reach it has ended, well or not. */
  readonly settled: Promise<void>
  start(): void
  /** Tries to reach it now if it is down and waiting. */
  poke(): void
  timeoutsFor(tool?: string): CallTimeouts
  /** Takes other timeouts: from the next call on. */
  adjust(config: BackendConfig, operational: OperationalConfig): void
  /** Asks for the tools now. Never rejects. */
  relistTools(): Promise<void>
  /** The connection a call goes through. Rejects with BACKEND_AWAY or what connecting rejects with. */
  connectionFor(call: CallOwner): BackendConnection | Promise<BackendConnection>
  slotFor(call: CallOwner): Slot | Promise<Slot>
  /** After BACKEND_SESSION_LOST and the like. */
  drop(call: CallOwner, connection: BackendConnection): void
  /** Interest of modern clients and of sessions on a shared connection in resources and tasks of a modern backend. */
  listen(filter: ListenFilter): Promise<ListenFilter>
  setLogLevel(session: ClientSession, level: LogLevel): void
  /** For a modern caller, who names the level with each call. Undefined: its connection sends as much already. */
  raiseLogLevel(call: CallOwner, level: LogLevel): Promise<void> | undefined
  clientNotification(session: ClientSession, method: string, params: JsonObject): void
  /** Another replica reaches what we have for one owner; undefined if there is nothing that belongs to somebody. */
  ownConnection(owner: CallOwner): Promise<BackendConnection | undefined>
  /** Another replica heard that the owner's own connection offers something else. Never rejects. */
  relistOwn(owner: SlotOwner, kinds: ReadonlySet<ListKind>): Promise<void>
  /** True if the session has a connection of its own here. */
  serves(session: ClientSession): boolean
  /** That connection, as others know it. */
  usedPlace(session: ClientSession): UsedPlace
  endSession(session: ClientSession, end: SessionEnd): void
  sweep(): void
  readonly connections: number
  close(): Promise<void>
}

/** How a session ended here. `elsewhere`: another replica ended it and what is stored of it. `left`: it goes on there. */
export type SessionEnd = 'ended' | 'elsewhere' | 'left'

/** Whose connection a call may use. */
export type CallOwner = Pick<Call, 'principal'> & { readonly session?: ClientSession | undefined }

export interface BackendOptions {
  readonly config: BackendConfig
  readonly operational: OperationalConfig
  /** What it offered under an earlier configuration: served until it has been asked. */
  readonly offer?: BackendOffer
  readonly connect: Connect
  /** What belongs to somebody is the same on all replicas. Undefined: we are alone. */
  readonly connections?: SharedConnections | undefined
  /** Budgets count over all replicas. Undefined: each has its own. */
  readonly permits?: SharedPermits | undefined
  readonly events: BackendEvents
  /** Waits before a list that could not be had is asked for again. */
  readonly relistMs?: { readonly minMs: number; readonly maxMs: number }
  readonly now: Now
  readonly log: Logger
}

/** Each connection of a stdio backend is a process. */
const MAX_CONNECTIONS = { http: 20_000, stdio: 256 }
/** Changes that a backend announces within this time become one listing. */
const LIST_DELAYS = { minMs: 30, maxMs: 2_000 }
/** A list that could not be had is asked for again after so long, then more and more seldom. */
const RELIST_MS = { minMs: 1_000, maxMs: 300_000 }

export function createBackend(options: BackendOptions): Backend {
  const { connections, events, log } = options
  let { config, operational } = options
  const timeoutsByTool = new Map<string | undefined, CallTimeouts>()
  const calls = { count: 0 }
  let lastError: string | undefined = 'not reached yet'
  /** A backend that prefers the modern era was asked for a legacy session and had none to give. */
  let onlyModern = false

  const lists = createOfferKeeper({
    first: options.offer ?? createOffer(config.name, { known: NOTHING_KNOWN }),
    connection: () => mainSlot.connection,
    timeouts: timeoutsFor,
    announcedWaits: LIST_DELAYS,
    missingWaits: options.relistMs ?? RELIST_MS,
    onRefreshed: (announced) => events.onOffer(backend, announced),
    onRecovered() {
      lastError = undefined
      events.onState(backend, true, '')
    },
    log,
  })
  const shares =
    config.target.kind === 'http'
      ? createClientShares({
          backend: config.name,
          limits: () => clientLimits(operational),
        })
      : undefined
  const mainSlot = createSlot({
    ...slotBasics(),
    capabilities: SHARED_CAPABILITIES,
    events: ownedEvents(undefined, (kind) => lists.announced(kind)),
    onLost(reason) {
      lastError = reason
      events.onState(backend, false, reason)
      main.lost()
    },
  })
  const main = createMainConnection({
    slot: mainSlot,
    backoff: createBackoff({ minMs: 250, maxMs: 30_000 }),
    onUp,
    onFailed(error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== lastError) log.warn({ err: error }, 'Backend is not available')
      lastError = reason
      events.onState(backend, false, reason, error)
    },
    log,
  })
  const pool = createPool({
    backend: config.name,
    makeSlot: makeOwnedSlot,
    maxSlots: MAX_CONNECTIONS[config.target.kind],
    idleMs: () => operational.sessions.ttlMs,
    ...(connections === undefined
      ? {}
      : {
          mayGoOn: async (owner) =>
            !isProcess() &&
            (await connections.isKept({ owner: toOwner(owner), backend: config.name })),
          onUsed: (owner) =>
            void connections.prolong([usedPlace(owner)], operational.sessions.ttlMs),
        }),
    now: options.now,
    onEnd: (owner) => events.onOwnOffer(backend, owner, undefined),
  })

  function usedPlace(owner: SlotOwner): UsedPlace {
    const place = { owner: toOwner(owner), backend: config.name }
    const connection = pool.peek(owner)?.connection
    if (connection?.sessionId === undefined || connection.era !== 'legacy' || isProcess()) {
      return place
    }
    const { sessionId, version } = connection
    return { ...place, session: { sessionId, version } }
  }

  function slotBasics() {
    return {
      connect: options.connect,
      openStream: true,
      timeouts: timeoutsFor(),
      newCancellation: () => new Cancellation(),
      log,
    }
  }

  async function onUp(connection: BackendConnection): Promise<void> {
    onlyModern = false
    if (connection.era === 'modern' && connection.listen !== undefined) {
      await connection.listen(listenFilter).catch((error: unknown) => {
        log.debug({ err: error }, 'Backend does not announce changes')
      })
    }
    await lists.begin(connection)
    lastError = undefined
    const { offer } = lists
    log.info(
      {
        era: connection.era,
        version: connection.version,
        tools: offer.tools.length,
        resources: offer.resources.length,
        prompts: offer.prompts.length,
      },
      'Backend is ready',
    )
    events.onOffer(backend, new Set())
    events.onState(backend, true, '')
  }

  function listing() {
    return { timeouts: timeoutsFor(), log }
  }

  /** Events of one connection; `onListChanged` is told of announced changes. */
  function ownedEvents(
    owner: SlotOwner | undefined,
    onListChanged: (kind: ListKind) => void,
  ): ConnectionEvents {
    return {
      onNotification(method, params) {
        const kind = listKindOf(method)
        if (kind === undefined) events.onNotification(backend, owner, method, params)
        else onListChanged(kind)
      },
      onQuestion: (question) => askOwner(owner, question),
      onClose() {},
    }
  }

  function makeOwnedSlot(owner: SlotOwner): Slot {
    const session = owner.kind === 'session' ? owner.session : undefined
    const ownChanges = createCoalescer<ListKind>(LIST_DELAYS, (kinds) => relist(slot, owner, kinds))
    const slot = createSlot({
      ...slotBasics(),
      connect:
        connections === undefined
          ? tellLoss(connectOwned, config.name)
          : sharedConnect(connections, owner),
      capabilities: session === undefined ? SHARED_CAPABILITIES : session.client.capabilities,
      events: ownedEvents(owner, (kind) => ownChanges.add(kind)),
      onLost: (reason) =>
        log.warn(
          { session: session?.id, reason },
          'A connection was lost: what the backend kept for its client is gone',
        ),
    })
    if (session?.client.logLevel !== undefined) void slot.setLogLevel(session.client.logLevel)
    return slot
  }

  const connectOwned: Connect = (request) =>
    options.connect(mainSlot.connection?.era === 'modern' ? { ...request, era: 'legacy' } : request)

  function sharedConnect(all: SharedConnections, owner: SlotOwner): Connect {
    return shareConnect({
      connections: all,
      backend: config.name,
      owner,
      isProcess,
      server: () =>
        mainSlot.connection?.era === 'legacy' ? mainSlot.connection.server : undefined,
      connect: connectOwned,
    })
  }

  /** What others can only reach through us: a child, or a stream of HTTP+SSE. */
  function isProcess(): boolean {
    const { target } = config
    if (target.kind === 'stdio' || target.transport === 'sse') return true
    return mainSlot.connection?.transport === 'sse'
  }

  /** The slot of an owner who has a connection that we have not used yet. Undefined: there is none. Never rejects. */
  async function openOwned(owner: SlotOwner): Promise<Slot | undefined> {
    try {
      const slot = await slotFor(
        owner.kind === 'session'
          ? { principal: owner.session.principal, session: owner.session }
          : { principal: owner.principal },
      )
      if (slot === mainSlot) return undefined
      await slot.open()
      return slot
    } catch (error) {
      log.debug({ err: error }, 'Cannot open what another replica has')
      return undefined
    }
  }

  /** The session has a connection, which we have not used yet. */
  async function notifyStored(
    session: ClientSession,
    method: string,
    params: JsonObject,
  ): Promise<void> {
    if (connections === undefined || config.sessions !== 'perSession') return
    const owner = { kind: 'session', session } as const
    try {
      if (!(await connections.isKept({ owner: toOwner(owner), backend: config.name }))) return
      const slot = await openOwned(owner)
      slot?.connection?.notify(method, params)
    } catch (error) {
      log.debug({ method, err: error }, 'Cannot hand on what a client said')
    }
  }

  /** A session ended that others served: what the backend keeps for it ends, too. */
  function endElsewhere(session: ClientSession): void {
    if (connections === undefined || config.sessions !== 'perSession' || isProcess()) return
    const place = { owner: toOwner({ kind: 'session', session }), backend: config.name }
    void connections.end(place, (resume) =>
      options.connect({
        capabilities: {},
        openStream: false,
        events: {
          onNotification() {},
          onQuestion: () => askOwner(undefined, NO_QUESTION),
          onClose() {},
        },
        resume,
      }),
    )
  }

  /** A connection of somebody's own announced a change: it may offer something else to its owner than to all. */
  async function relist(
    slot: Slot,
    owner: SlotOwner,
    kinds: ReadonlySet<ListKind>,
    isNews = true,
  ): Promise<void> {
    const connection = slot.connection
    if (connection === undefined) return
    try {
      const listed = await listOffer(connection, kinds, listing())
      const { offer } = lists
      const own = withLists(offer, listed)
      events.onOwnOffer(backend, owner, sameLists(own, offer) ? undefined : own)
      if (isNews) events.onOwnListChanged(backend, owner, kinds)
    } catch (error) {
      log.debug({ err: error }, 'Cannot list what a backend offers to one client')
    }
  }

  function timeoutsFor(tool?: string): CallTimeouts {
    let found = timeoutsByTool.get(tool)
    if (found === undefined) {
      found = callTimeouts(operational, config, tool)
      timeoutsByTool.set(tool, found)
    }
    return found
  }

  function slotFor(call: CallOwner): Slot | Promise<Slot> {
    const connection = mainSlot.connection
    if (connection === undefined) {
      // Unknown yet whether it is shared: whoever is first opens the main connection, which tells.
      return waitForMain().then((up) => pickSlot(call, up))
    }
    return pickSlot(call, connection)
  }

  function pickSlot(call: CallOwner, connection: BackendConnection): Slot | Promise<Slot> {
    const session = call.session
    if (session !== undefined && mayServeLegacy(connection)) return legacySlot(session)
    if (isShared(connection)) return mainSlot
    return call.session !== undefined && config.sessions === 'perSession'
      ? pool.slotFor({ kind: 'session', session: call.session })
      : pool.slotFor({ kind: 'principal', principal: call.principal })
  }

  /** A server may serve both eras: then a legacy client's session becomes one of the server's, untranslated. */
  function mayServeLegacy(connection: BackendConnection): boolean {
    const isOpen = config.era === 'auto' && config.sessions === 'perSession'
    return connection.era === 'modern' && isOpen && config.target.kind === 'http' && !onlyModern
  }

  function legacySlot(session: ClientSession): Slot | Promise<Slot> {
    const owner = { kind: 'session', session } as const
    const slot = pool.slotFor(owner)
    if (slot.connection !== undefined) return slot
    return Promise.resolve(slot.open()).then(
      (connection) => (connection.sessionId === undefined ? stayModern(session, true) : slot),
      (error: unknown) => stayModern(session, refusesLegacy(error)),
    )
  }

  /** `forGood`: the backend does not serve that era; else it only could not be asked just now. */
  function stayModern(session: ClientSession, forGood: boolean): Slot {
    if (forGood) onlyModern = true
    pool.release({ kind: 'session', session })
    return mainSlot
  }

  function isShared(connection: BackendConnection): boolean {
    if (connection.era === 'modern' || config.sessions === 'shared') return true
    // A streamable HTTP server without session ids keeps nothing between calls.
    const { target } = config
    return (
      target.kind === 'http' &&
      target.transport === 'streamable-http' &&
      connection.sessionId === undefined
    )
  }

  async function waitForMain(): Promise<BackendConnection> {
    main.poke()
    try {
      return await mainSlot.open()
    } catch (error) {
      throw gatewayErrors.BACKEND_AWAY(
        { backend: config.name, reason: error instanceof Error ? error.message : String(error) },
        error,
      )
    }
  }

  function connectionFor(call: CallOwner): BackendConnection | Promise<BackendConnection> {
    const slot = slotFor(call)
    return slot instanceof Promise ? slot.then((found) => found.open()) : slot.open()
  }

  let listenFilter: ListenFilter = {
    toolsListChanged: true,
    promptsListChanged: true,
    resourcesListChanged: true,
  }

  const backend: Backend = {
    name: config.name,
    get config() {
      return config
    },
    calls,
    budget: createBudget({
      backend: config.name,
      limits: () => callLimits(operational, config),
      permits: options.permits,
    }),
    shares,
    get offer() {
      return lists.offer
    },
    get main() {
      return mainSlot.connection
    },
    get lastError() {
      return lastError
    },
    settled: main.settled,
    start: () => main.start(),
    poke: () => main.poke(),
    timeoutsFor,
    adjust(nextConfig, nextOperational) {
      config = nextConfig
      operational = nextOperational
      timeoutsByTool.clear()
    },
    relistTools: () => lists.refresh(new Set<ListKind>(['tools'])),
    connectionFor,
    slotFor,
    drop(call, connection) {
      if (mainSlot.connection === connection) mainSlot.drop(connection)
      else peekOwned(call)?.drop(connection)
    },
    async listen(filter) {
      listenFilter = {
        toolsListChanged: true,
        promptsListChanged: true,
        resourcesListChanged: true,
        ...filter,
      }
      const connection = mainSlot.connection
      return connection?.listen === undefined ? {} : connection.listen(listenFilter)
    },
    setLogLevel(session, level) {
      const own = pool.peek({ kind: 'session', session })
      if (own !== undefined) {
        void own.setLogLevel(level)
      } else {
        // Shared connections send what the most talkative client wants; edges filter per client.
        void mainSlot.raiseLogLevel(level)
      }
    },
    raiseLogLevel(call, level) {
      const slot = slotFor(call)
      return slot instanceof Promise
        ? slot.then((found) => found.raiseLogLevel(level))
        : slot.raiseLogLevel(level)
    },
    clientNotification(session, method, params) {
      const slot = pool.peek({ kind: 'session', session })
      if (slot !== undefined) slot.connection?.notify(method, params)
      else void notifyStored(session, method, params)
    },
    async ownConnection(owner) {
      const slot = await slotFor(owner)
      return slot === mainSlot ? undefined : slot.open()
    },
    async relistOwn(owner, kinds) {
      const slot = pool.peek(owner) ?? (await openOwned(owner))
      if (slot !== undefined) await relist(slot, owner, kinds, false)
    },
    usedPlace: (session) => usedPlace({ kind: 'session', session }),
    serves: (session) => pool.peek({ kind: 'session', session })?.connection !== undefined,
    endSession(session, end) {
      const isHere = pool.peek({ kind: 'session', session }) !== undefined
      pool.endSession(session, end === 'left')
      if (end !== 'ended' || connections === undefined) return
      if (isHere)
        void connections.forget({
          owner: toOwner({ kind: 'session', session }),
          backend: config.name,
        })
      else endElsewhere(session)
    },
    sweep() {
      pool.sweep()
      shares?.sweep()
    },
    get connections() {
      return pool.size + (mainSlot.connection === undefined ? 0 : 1)
    },
    async close() {
      main.stop()
      lists.stop()
      backend.budget.close()
      await Promise.all([mainSlot.close(), pool.close({ keepSession: connections !== undefined })])
    },
  }

  function peekOwned(call: CallOwner): Slot | undefined {
    return (
      (call.session && pool.peek({ kind: 'session', session: call.session })) ??
      pool.peek({ kind: 'principal', principal: call.principal })
    )
  }

  return backend
}

/** A definite no to `initialize`: not a server in trouble, and not one that wants other credentials. */
function refusesLegacy(error: unknown): boolean {
  if (isAppError(error, 'MCP_BACKEND_PROTOCOL')) return true
  if (!isAppError(error, 'MCP_BACKEND_HTTP')) return false
  const status = Number(error.details['httpStatus'])
  return status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status)
}

/** Never asked: the connection only ends a session. */
const NO_QUESTION: InputRequest = { method: 'roots/list', params: {} }

/** A question outside any call can only go to the session that owns the connection. */
function askOwner(owner: SlotOwner | undefined, question: InputRequest): Promise<JsonObject> {
  const channel = owner?.kind === 'session' ? owner.session.channel : undefined
  if (channel !== undefined) return channel.ask(question)
  return Promise.reject(
    mcpErrors.CLIENT_CANNOT_ANSWER({
      method: question.method,
      reason: 'no client belongs to this connection',
      requiredCapabilities: {},
    }),
  )
}

function sameLists(a: BackendOffer, b: BackendOffer): boolean {
  return listsJson(a) === listsJson(b)
}

function listsJson(offer: BackendOffer): string {
  return JSON.stringify([offer.tools, offer.resources, offer.resourceTemplates, offer.prompts])
}
