import { createBackoff } from '../base/backoff.ts'
import { Cancellation } from '../base/cancellation.ts'
import type { Now } from '../base/clock.ts'
import type { SharedPermits } from '../cluster/shared-permits.ts'
import type { SharedConnections, UsedPlace } from '../cluster/shared-connections.ts'
import type { JsonObject } from '../base/json.ts'
import type { BackendConnection } from '../mcp/backend-connection.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import type { ListenFilter, LogLevel } from '../mcp/messages.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createOffer, NOTHING_KNOWN, type BackendOffer } from './aggregation/offer.ts'
import { createBudget, type Budget } from './backends/budget.ts'
import { createClientShares, type ClientShares } from './backends/client-shares.ts'
import { connectionEvents } from './backends/connection-events.ts'
import { createMainConnection } from './backends/main-connection.ts'
import { createOfferKeeper } from './backends/offer-keeper.ts'
import { createOwnConnections, type SessionEnd } from './backends/own-connections.ts'
import type { SlotOwner } from './backends/pool.ts'
import { createSlotChoice, type CallOwner } from './backends/slot-choice.ts'
import { createSlot, type Slot } from './backends/slot.ts'
import { callLimits, clientLimits } from './call-limits.ts'
import { callTimeouts, type CallTimeouts } from './call-timeouts.ts'
import type { BackendConfig, OperationalConfig } from './config.ts'
import { SHARED_CAPABILITIES, type Connect } from './connect.ts'
import type { ListKind } from './list-kinds.ts'
import type { TaskIds } from './task-ids.ts'

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
  /** It keeps something for the caller, like a task, for so long: till then the connection is not closed for others' sake. */
  keepFor(call: CallOwner, ms: number): void
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
  readonly taskIds: TaskIds
  /** Waits before a list that could not be had is asked for again. */
  readonly relistMs?: { readonly minMs: number; readonly maxMs: number }
  readonly now: Now
  readonly log: Logger
}

/** Changes that a backend announces within this time become one listing. */
const ANNOUNCED_WAITS = { minMs: 30, maxMs: 2_000 }
/** A list that could not be had is asked for again after so long, then more and more seldom. */
const RELIST_MS = { minMs: 1_000, maxMs: 300_000 }
const RECONNECT_MS = { minMs: 250, maxMs: 30_000 }
const LIST_CHANGES = {
  toolsListChanged: true,
  promptsListChanged: true,
  resourcesListChanged: true,
}

export function createBackend(options: BackendOptions): Backend {
  const { events, log } = options
  let { config, operational } = options
  const { name } = config
  const timeoutsByTool = new Map<string | undefined, CallTimeouts>()
  let lastError: string | undefined = 'not reached yet'
  let listenFilter: ListenFilter = LIST_CHANGES

  const lists = createOfferKeeper({
    first: options.offer ?? createOffer(name, { known: NOTHING_KNOWN }),
    connection: () => mainSlot.connection,
    timeouts: timeoutsFor,
    announcedWaits: ANNOUNCED_WAITS,
    missingWaits: options.relistMs ?? RELIST_MS,
    onRefreshed: (announced) => events.onOffer(backend, announced),
    onRecovered: isUp,
    log,
  })
  const mainSlot = createSlot({
    ...slotBasics(),
    connect: options.connect,
    capabilities: SHARED_CAPABILITIES,
    events: connectionEvents(name, undefined, options.taskIds, {
      onListChanged: (kind) => lists.announced(kind),
      onNotification: (method, params) => events.onNotification(backend, undefined, method, params),
    }),
    onLost(reason) {
      lastError = reason
      events.onState(backend, false, reason)
      main.lost()
    },
  })
  const main = createMainConnection({
    slot: mainSlot,
    backoff: createBackoff(RECONNECT_MS),
    onUp,
    onFailed(error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== lastError) log.warn({ err: error }, 'Backend is not available')
      lastError = reason
      events.onState(backend, false, reason, error)
    },
    log,
  })
  const own = createOwnConnections({
    config: () => config,
    ttlMs: () => operational.sessions.ttlMs,
    maxProcesses: () => operational.limits.maxProcesses,
    connect: options.connect,
    shared: options.connections,
    taskIds: options.taskIds,
    main: () => mainSlot.connection,
    offer: () => lists.offer,
    slotBasics,
    announcedWaits: ANNOUNCED_WAITS,
    onOffer: (owner, offer) => events.onOwnOffer(backend, owner, offer),
    onListChanged: (owner, kinds) => events.onOwnListChanged(backend, owner, kinds),
    onNotification: (owner, method, params) =>
      events.onNotification(backend, owner, method, params),
    now: options.now,
    log,
  })
  const choice = createSlotChoice({
    config: () => config,
    main: mainSlot,
    wake: () => main.poke(),
    own,
  })
  const { slotFor } = choice

  function slotBasics() {
    return {
      openStream: true,
      timeouts: timeoutsFor(),
      newCancellation: () => new Cancellation(),
      now: options.now,
      log,
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

  async function onUp(connection: BackendConnection): Promise<void> {
    choice.reached()
    if (connection.era === 'modern' && connection.listen !== undefined) {
      await connection.listen(listenFilter).catch((error: unknown) => {
        log.debug({ err: error }, 'Backend does not announce changes')
      })
    }
    await lists.begin(connection)
    const { era, version } = connection
    const { tools, resources, prompts } = lists.offer
    const counts = { tools: tools.length, resources: resources.length, prompts: prompts.length }
    log.info({ era, version, ...counts }, 'Backend is ready')
    // Whoever hears of the offer may ask.
    lastError = undefined
    events.onOffer(backend, new Set())
    isUp()
  }

  function isUp(): void {
    lastError = undefined
    events.onState(backend, true, '')
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

  /** The session may have a connection that we have not used yet. */
  async function notifyElsewhere(
    session: ClientSession,
    method: string,
    params: JsonObject,
  ): Promise<void> {
    if (config.sessions !== 'perSession') return
    const owner = { kind: 'session', session } as const
    try {
      const slot = (await own.isElsewhere(owner)) ? await openOwned(owner) : undefined
      slot?.connection?.notify(method, params)
    } catch (error) {
      log.debug({ method, err: error }, 'Cannot hand on what a client said')
    }
  }

  function peekOwned(call: CallOwner): Slot | undefined {
    return (
      (call.session && own.peek({ kind: 'session', session: call.session })) ??
      own.peek({ kind: 'principal', principal: call.principal })
    )
  }

  const backend: Backend = {
    name,
    get config() {
      return config
    },
    calls: { count: 0 },
    budget: createBudget({
      backend: name,
      limits: () => callLimits(operational, config),
      permits: options.permits,
    }),
    shares:
      config.target.kind === 'http'
        ? createClientShares({ backend: name, limits: () => clientLimits(operational) })
        : undefined,
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
    connectionFor(call) {
      const slot = slotFor(call)
      return slot instanceof Promise ? slot.then((found) => found.open()) : slot.open()
    },
    slotFor,
    drop(call, connection) {
      if (mainSlot.connection === connection) mainSlot.drop(connection)
      else peekOwned(call)?.drop(connection)
    },
    keepFor: (call, ms) => peekOwned(call)?.keepFor(ms),
    async listen(filter) {
      listenFilter = { ...LIST_CHANGES, ...filter }
      const connection = mainSlot.connection
      return connection?.listen === undefined ? {} : connection.listen(listenFilter)
    },
    setLogLevel(session, level) {
      const slot = own.peek({ kind: 'session', session })
      if (slot !== undefined) void slot.setLogLevel(level)
      // Shared connections send what the most talkative client wants; edges filter per client.
      else void mainSlot.raiseLogLevel(level)
    },
    raiseLogLevel(call, level) {
      const slot = slotFor(call)
      return slot instanceof Promise
        ? slot.then((found) => found.raiseLogLevel(level))
        : slot.raiseLogLevel(level)
    },
    clientNotification(session, method, params) {
      const slot = own.peek({ kind: 'session', session })
      if (slot !== undefined) slot.connection?.notify(method, params)
      else void notifyElsewhere(session, method, params)
    },
    async ownConnection(owner) {
      const slot = await slotFor(owner)
      return slot === mainSlot ? undefined : slot.open()
    },
    async relistOwn(owner, kinds) {
      const slot = own.peek(owner) ?? (await openOwned(owner))
      if (slot !== undefined) await own.relist(slot, owner, kinds, false)
    },
    usedPlace: (session) => own.usedPlace({ kind: 'session', session }),
    serves: (session) => own.peek({ kind: 'session', session })?.connection !== undefined,
    endSession: own.endSession,
    sweep() {
      own.sweep()
      backend.shares?.sweep()
    },
    get connections() {
      return own.size + (mainSlot.connection === undefined ? 0 : 1)
    },
    async close() {
      main.stop()
      lists.stop()
      backend.budget.close()
      const keepSession = options.connections !== undefined
      await Promise.all([mainSlot.close(), own.close({ keepSession })])
    },
  }
  return backend
}
