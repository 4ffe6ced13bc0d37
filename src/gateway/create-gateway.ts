import type { Now } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import { inTime } from '../base/in-time.ts'
import type { SharedPermits } from '../cluster/shared-permits.ts'
import type { Call } from '../mcp/call.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import { downConvertResult } from '../mcp/down-convert.ts'
import type { GatewayPort } from '../mcp/gateway-port.ts'
import type { Implementation } from '../mcp/messages.ts'
import { errorReply, type Reply } from '../mcp/reply.ts'
import { INVALID_PARAMS } from '../mcp/rpc-codes.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Catalogue } from './aggregation/catalogue.ts'
import { createCursorCodec } from './aggregation/cursor.ts'
import { diffCatalogues, type CatalogueDiff } from './aggregation/diff.ts'
import { createListPages } from './aggregation/list-pages.ts'
import { findTool } from './aggregation/lookup.ts'
import { mergeCapabilities, mergeInstructions } from './aggregation/merge-descriptions.ts'
import type { BackendOffer } from './aggregation/offer.ts'
import { createBackend, type Backend, type BackendEvents } from './backend.ts'
import { createBackendSet } from './backends/backend-set.ts'
import { toOwner } from './backends/share-connect.ts'
import { buildWithSources } from './build-with-sources.ts'
import { callBackend, type RoutedRequest } from './call-backend.ts'
import { createCatalogues } from './catalogues.ts'
import type { AggregationConfig, BackendConfig, OperationalConfig } from './config.ts'
import type { Connect } from './connect.ts'
import { createFollowForSessions } from './following/follow-for-sessions.ts'
import { InnerCall } from './inner-call.ts'
import { createInterests } from './interests.ts'
import { LIST_KINDS, type ListKind } from './list-kinds.ts'
import { openListening } from './listening.ts'
import type { GatewayPeers } from './peers.ts'
import { servePeers, type ServedPeers } from './peers/serve-peers.ts'
import { tellWhatMayBeMissed } from './following/tell-what-may-be-missed.ts'
import { createNotificationRelay } from './relay-notification.ts'
import { createRouter } from './router.ts'
import { createSessions, type SessionTable } from './sessions.ts'
import type { MakeSources, Source, SourceHost } from './source.ts'
import { throughStages, type Stage } from './stages.ts'
import { createSubscriptions } from './subscriptions.ts'
import { createTaskIds } from './task-ids.ts'

/** The part of the configuration that can change while the gateway runs. */
export interface GatewaySettings {
  readonly backends: readonly BackendConfig[]
  readonly aggregation: AggregationConfig
  readonly operational: OperationalConfig
}

export interface GatewayOptions extends GatewaySettings {
  /** Shown to clients. */
  readonly info: Implementation
  readonly connectTo: (backend: BackendConfig) => Connect
  readonly store: KeyValue
  /** What the keys of session records start with. */
  readonly sessionKeyPrefix: string
  /** Signs cursors and task ids. At least 32 bytes. */
  readonly key: Buffer
  /** What concerns every call, outermost first: metrics, audit, limits, authorization. */
  readonly stages: readonly Stage[]
  /** What offers tools besides the backends; default: nothing. */
  readonly makeSources?: MakeSources
  /** Around each call to a backend: health, breaker, outgoing headers, spans. */
  readonly aroundBackend: (
    backend: Backend,
    call: Call,
    request: RoutedRequest,
    go: (request: RoutedRequest) => Promise<Reply>,
  ) => Promise<Reply>
  /** A backend was reached or lost; `error`: why it could not be reached. */
  readonly onBackendState: (name: string, up: boolean, error?: unknown) => void
  /** The catalogue for everybody was rebuilt. */
  readonly onCatalogue: (catalogue: Catalogue, offers: readonly BackendOffer[]) => void
  /** Other replicas that serve the same sessions. Undefined: we are alone. */
  readonly peers?: GatewayPeers | undefined
  /** Budgets of backends count over all replicas. Undefined: each has its own. */
  readonly permits?: SharedPermits | undefined
  readonly newId: NewId
  readonly now: Now
  readonly log: Logger
}

export interface Gateway extends GatewayPort, ServedPeers {
  readonly sessions: SessionTable
  readonly backends: ReadonlyMap<string, Backend>
  readonly catalogue: Catalogue
  readonly offers: readonly BackendOffer[]
  start(): void
  /** Resolves when each backend has been reached or has failed once, or after the time. */
  settled(timeoutMs: number): Promise<void>
  /** Takes other settings without disturbing what did not change: calls on replaced backends may end first. */
  reconfigure(settings: GatewaySettings): void
  /** A source offers something else by now: clients hear of it. */
  sourcesChanged(): void
  /** Ends listeners, sessions' streams and backend connections. */
  close(): Promise<void>
}

/** How long a lookup of something unknown waits for backends that have not answered yet. */
const FIRST_CHANCE_MS = 5_000
const ACK_TIMEOUT_MS = 5_000
const SWEEP_MS = 60_000

export function createGateway(options: GatewayOptions): Gateway {
  const { log, peers } = options
  let settings: GatewaySettings = options
  const taskIds = createTaskIds(options.key)
  const set = createBackendSet({
    create: (config, offer) =>
      createBackend({
        config,
        operational: settings.operational,
        ...(offer === undefined ? {} : { offer }),
        connect: options.connectTo(config),
        connections: peers?.connections,
        permits: options.permits,
        events,
        taskIds,
        now: options.now,
        log: log.child({ backend: config.name }),
      }),
    onRetired: (name) => catalogues.endBackend(name),
  })
  const backends = set.byName
  const sessions = createSessions({
    store: options.store,
    keyPrefix: options.sessionKeyPrefix,
    limits: () => settings.operational.sessions,
    newId: options.newId,
    now: options.now,
    log,
    peers,
    onEnd(session, _reason, end) {
      for (const backend of backends.values()) backend.endSession(session, end)
      interests.endSession(session)
      catalogues.endOwner({ kind: 'session', session })
    },
    onLogLevel(session, level) {
      for (const backend of backends.values()) backend.setLogLevel(session, level)
    },
    onSubscriptions(session, uris) {
      following.only(session, uris)
      // What goes out on a stream that we hold has to be followed here.
      if (sessions.holdsStream(session)) void following.stored(session)
    },
    onStream: (session) => following.stored(session),
    onStreamTaken(session, followed) {
      void tellWhatMayBeMissed(session, followed, () => sessions.subscriptionsOf(session))
    },
    async onRestored(session, ownOffers) {
      const named = ownOffers.flatMap((name) => backends.get(name) ?? [])
      const owner = { kind: 'session', session } as const
      const listed = named.map((backend) => backend.relistOwn(owner, new Set(LIST_KINDS)))
      // A backend that is away must not keep the session from the others.
      await inTime(Promise.all(listed), FIRST_CHANCE_MS)
    },
    onProlonged(session, ttlMs) {
      if (peers === undefined) return
      const served = [...backends.values()].filter((backend) => backend.serves(session))
      const places = served.map((backend) => backend.usedPlace(session))
      void peers.connections.prolong(places, ttlMs)
    },
  })
  const interests = createInterests({ sessions: () => sessions.live() })
  const subscriptions = createSubscriptions()
  const sources = new Map<string, Source>()
  const catalogues = createCatalogues({
    offers,
    build: (all) => buildWithSources(all, settings.aggregation, [...sources.values()]),
  })
  const following = createFollowForSessions({
    backends: set,
    catalogues,
    interests,
    sessions,
    subscriptions,
    patienceMs: FIRST_CHANCE_MS,
    log,
  })
  const pages = createListPages({
    cursors: createCursorCodec(options.key),
    convert: downConvertResult,
  })
  const router = createRouter({
    catalogues,
    backends,
    sources,
    interests,
    subscriptions,
    stored: {
      uris: (session) => sessions.subscriptionsOf(session),
      async change(session, change) {
        await sessions.setSubscriptions(session, change)
        const { streamAt } = session
        if (streamAt !== undefined) await peers?.letFollow(streamAt, session.id)
      },
      follow: following.stored,
    },
    taskIds,
    log,
    listPage: (catalogue, { method, params, client }) =>
      pages.page(catalogue, method, params['cursor'], client.version) ??
      errorReply(INVALID_PARAMS, 'Invalid cursor'),
    settled: () => (set.isSettled ? undefined : set.settled(FIRST_CHANCE_MS)),
    send(backend, call, request) {
      call.routedTo = backend.name
      const send = () => sendNow(backend, call, request)
      if (call instanceof InnerCall) return call.within(backend.budget, send)
      return backend.shares === undefined ? send() : backend.shares.within(call, send)
    },
  })
  const answer = throughStages(options.stages, router)
  const relay = createNotificationRelay({ interests, taskIds, log })
  const channelFor = (session: ClientSession) => peers?.channelFor(session)
  const sweeper = setInterval(() => {
    for (const backend of backends.values()) backend.sweep()
  }, SWEEP_MS)
  sweeper.unref()

  function sendNow(backend: Backend, call: Call, request: RoutedRequest): Promise<Reply> {
    return options.aroundBackend(backend, call, request, (sent) =>
      callBackend(backend, call, sent, taskIds),
    )
  }

  const events: BackendEvents = {
    onOffer(backend, announced) {
      if (isInUse(backend)) rebuild(announced)
    },
    onOwnOffer(backend, owner, offer) {
      if (!isInUse(backend)) return
      catalogues.setOwnOffer(owner, backend.name, offer)
      if (owner.kind === 'session') {
        void sessions.noteOwnOffer(owner.session, backend.name, offer !== undefined)
      }
    },
    onOwnListChanged({ name }, owner, kinds) {
      peers?.tell({ kind: 'lists', owner: toOwner(owner), backend: name, kinds: [...kinds] })
      if (owner.kind === 'principal') interests.listChanged(kinds, owner.principal)
      else
        for (const kind of kinds)
          owner.session.channel?.notify(`notifications/${kind}/list_changed`)
    },
    onNotification(backend, owner, method, params) {
      relay(backend, owner, method, params)
      // Those who are the same may listen anywhere; a session's stream is found by its record.
      if (owner?.kind !== 'principal') return
      const { name } = backend
      peers?.tell({ kind: 'notification', owner: toOwner(owner), backend: name, method, params })
    },
    onState(backend, up, _reason, error) {
      if (isInUse(backend)) options.onBackendState(backend.name, up, error)
    },
  }

  /** Another one may have taken its place. */
  function isInUse(backend: Backend): boolean {
    return backends.get(backend.name) === backend
  }

  function offers(): BackendOffer[] {
    return settings.backends.flatMap((config) => backends.get(config.name)?.offer ?? [])
  }

  /** A new catalogue; clients hear of what differs and of what a backend said had changed. */
  function rebuild(announced: ReadonlySet<ListKind>): void {
    const before = catalogues.rebuild()
    const diff = diffCatalogues(before, catalogues.current)
    logDrift(diff)
    options.onCatalogue(catalogues.current, offers())
    interests.listChanged(LIST_KINDS.filter((kind) => announced.has(kind) || diff[kind]))
  }

  /** Tools that clients trusted under a name: what they do may not be what it was. New ones are nobody's habit yet. */
  function logDrift({ changedTools, removedTools, renamedTools }: CatalogueDiff): void {
    if (changedTools.length + removedTools.length === 0) return
    log.warn({ changedTools, removedTools, renamedTools }, 'Tools that clients know have changed')
  }

  const host: SourceHost = {
    answer,
    catalogueFor: catalogues.for,
    findSession: async (id, principal) => sessions.find(id, principal),
    channelFor: (session) => session.channel ?? channelFor(session),
  }
  for (const source of options.makeSources?.(host) ?? []) sources.set(source.name, source)
  for (const config of settings.backends) set.add(config)
  catalogues.rebuild()

  return {
    ...servePeers({
      backends,
      sessions,
      interests,
      relay,
      follow: following.stored,
      channelFor,
    }),
    sessions,
    backends,
    get catalogue() {
      return catalogues.current
    },
    get offers() {
      return offers()
    },
    describe(client) {
      const all = offers()
      const instructions = mergeInstructions(all)
      return {
        info: options.info,
        capabilities: mergeCapabilities(all, client.era),
        ...(instructions === undefined ? {} : { instructions }),
      }
    },
    call: answer,
    clientNotification(session, method, params) {
      for (const backend of backends.values()) {
        const said = taskIds.relateToBackend(params, backend.name, session.principal)
        backend.clientNotification(session, method, said)
      }
    },
    toolParamHeaders: (name, _client, principal) =>
      findTool(catalogues.for({ principal }), name)?.paramHeaders,
    listen: (request) =>
      openListening(
        { backends, catalogues, interests, subscriptions, taskIds, ackTimeoutMs: ACK_TIMEOUT_MS },
        request,
      ),
    start() {
      for (const backend of backends.values()) backend.start()
    },
    settled: set.settled,
    reconfigure(next) {
      settings = next
      const { replaced } = set.change(next.backends, next.operational)
      for (const backend of replaced) void following.again(backend)
      rebuild(new Set())
    },
    sourcesChanged: () => rebuild(new Set()),
    async close() {
      clearInterval(sweeper)
      interests.end()
      sessions.close()
      await set.close()
    },
  }
}
