import type { Now } from '../base/clock.ts'
import type { JsonObject } from '../base/json.ts'
import type { Owner, Place } from '../cluster/owner.ts'
import type { SharedPermits } from '../cluster/shared-permits.ts'
import type { SharedConnections } from '../cluster/shared-connections.ts'
import type { BackendConnection } from '../mcp/backend-connection.ts'
import type { ClientChannel, ClientSession } from '../mcp/client-session.ts'
import type { NewId } from '../base/ids.ts'
import type { Call } from '../mcp/call.ts'
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
import { findResource, findTool } from './aggregation/lookup.ts'
import { mergeCapabilities, mergeInstructions } from './aggregation/merge-descriptions.ts'
import type { BackendOffer } from './aggregation/offer.ts'
import { buildWithSources } from './build-with-sources.ts'
import { createBackend, type Backend, type BackendEvents } from './backend.ts'
import type { Connect } from './connect.ts'
import { callBackend, type RoutedRequest } from './call-backend.ts'
import { createCatalogues } from './catalogues.ts'
import type { SlotOwner } from './backends/pool.ts'
import { toOwner } from './backends/share-connect.ts'
import type { AggregationConfig, BackendConfig, OperationalConfig } from './config.ts'
import { InnerCall } from './inner-call.ts'
import { createInterests } from './interests.ts'
import { LIST_KINDS, type ListKind } from './list-kinds.ts'
import { openListening } from './listening.ts'
import { createNotificationRelay } from './relay-notification.ts'
import { createRouter } from './router.ts'
import { createSessions, type SessionPeers, type SessionTable } from './sessions.ts'
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

/** What a replica heard from a connection that belongs to somebody, for whom others may have streams and views. */
export type BackendNews = { readonly owner: Owner; readonly backend: string } & (
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'lists'; readonly kinds: readonly ListKind[] }
)

/** The other replicas, as far as a gateway needs them. */
export interface GatewayPeers extends SessionPeers {
  tell(news: BackendNews): void
  /** Waits, bounded, until the replica that holds the session's stream follows what the session follows. Never rejects. */
  letFollow(replica: string, session: string): Promise<void>
  /** The way to a session's client, which may have its stream elsewhere. */
  channelFor(session: ClientSession): ClientChannel | undefined
  readonly connections: SharedConnections
}

export interface Gateway extends GatewayPort {
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
  /** Another replica heard something that concerns owners here as well. */
  hear(news: BackendNews): void
  /** Another replica changed what a session follows whose stream ends here. Never rejects. */
  followElsewhere(session: string): Promise<void>
  /** Another replica uses a connection that only this one has; `run` gets undefined if there is no such owner or backend. */
  useConnection<Result>(
    place: Place,
    run: (connection: BackendConnection | undefined) => Promise<Result>,
  ): Promise<Result>
  /** Ends listeners, sessions' streams and backend connections. */
  close(): Promise<void>
}

/** How long a lookup of something unknown waits for backends that have not answered yet. */
const FIRST_CHANCE_MS = 5_000
const ACK_TIMEOUT_MS = 5_000
const SWEEP_MS = 60_000

export function createGateway(options: GatewayOptions): Gateway {
  const { log } = options
  let settings: GatewaySettings = options
  const backends = new Map<string, Backend>()
  const retired = new Set<Backend>()
  const sessions = createSessions({
    store: options.store,
    keyPrefix: options.sessionKeyPrefix,
    limits: () => settings.operational.sessions,
    newId: options.newId,
    now: options.now,
    log,
    peers: options.peers,
    onEnd(session, _reason, end) {
      for (const backend of backends.values()) backend.endSession(session, end)
      interests.endSession(session)
      catalogues.endOwner({ kind: 'session', session })
    },
    onLogLevel(session, level) {
      for (const backend of backends.values()) backend.setLogLevel(session, level)
    },
    onSubscriptions(session, uris) {
      for (const uri of interests.urisOf(session)) {
        if (!uris.includes(uri)) interests.unsubscribe(session, uri)
      }
      // What goes out on a stream that we hold has to be followed here.
      if (sessions.holdsStream(session)) void followStored(session)
    },
    onStream: (session) => void followStored(session),
    async onRestored(session, ownOffers) {
      const named = ownOffers.flatMap((name) => backends.get(name) ?? [])
      const owner = { kind: 'session', session } as const
      const listed = named.map((backend) => backend.relistOwn(owner, new Set(LIST_KINDS)))
      // A backend that is away must not keep the session from the others.
      await within(FIRST_CHANCE_MS, Promise.all(listed))
    },
    onProlonged(session, ttlMs) {
      if (options.peers === undefined) return
      const served = [...backends.values()].filter((backend) => backend.serves(session))
      const places = served.map((backend) => backend.usedPlace(session))
      void options.peers.connections.prolong(places, ttlMs)
    },
  })
  const interests = createInterests({ sessions: () => sessions.live() })
  const subscriptions = createSubscriptions()
  const taskIds = createTaskIds(options.key)
  const sources = new Map<string, Source>()
  const catalogues = createCatalogues({
    offers,
    build: (all) => buildWithSources(all, settings.aggregation, [...sources.values()]),
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
        if (streamAt !== undefined) await options.peers?.letFollow(streamAt, session.id)
      },
      follow: followStored,
    },
    taskIds,
    listPage: (catalogue, { method, params, client }) =>
      pages.page(catalogue, method, params['cursor'], client.version) ??
      errorReply(INVALID_PARAMS, 'Invalid cursor'),
    settled: () => (unsettled > 0 ? settled(FIRST_CHANCE_MS) : undefined),
    send(backend, call, request) {
      call.routedTo = backend.name
      const send = () => sendNow(backend, call, request)
      if (call instanceof InnerCall) return call.within(backend.budget, send)
      return backend.shares === undefined ? send() : backend.shares.within(call, send)
    },
  })
  const answer = throughStages(options.stages, router)

  function sendNow(backend: Backend, call: Call, request: RoutedRequest): Promise<Reply> {
    return options.aroundBackend(backend, call, request, (sent) => callBackend(backend, call, sent))
  }

  let unsettled = 0
  const sweeper = setInterval(() => {
    for (const backend of backends.values()) backend.sweep()
  }, SWEEP_MS)
  sweeper.unref()

  const relay = createNotificationRelay({ interests, taskIds, log })
  const events: BackendEvents = {
    onOffer(backend, announced) {
      if (backends.get(backend.name) === backend) rebuild(announced)
    },
    onOwnOffer(backend, owner, offer) {
      if (backends.get(backend.name) !== backend) return
      catalogues.setOwnOffer(owner, backend.name, offer)
      if (owner.kind === 'session') {
        void sessions.noteOwnOffer(owner.session, backend.name, offer !== undefined)
      }
    },
    onOwnListChanged(backend, owner, kinds) {
      options.peers?.tell({
        kind: 'lists',
        owner: toOwner(owner),
        backend: backend.name,
        kinds: [...kinds],
      })
      if (owner.kind === 'principal') interests.listChanged(kinds, owner.principal)
      else
        for (const kind of kinds)
          owner.session.channel?.notify(`notifications/${kind}/list_changed`)
    },
    onNotification(backend, owner, method, params) {
      relay(backend, owner, method, params)
      // Those who are the same may listen anywhere; a session's stream is found by its record.
      if (owner?.kind === 'principal') {
        options.peers?.tell({
          kind: 'notification',
          owner: toOwner(owner),
          backend: backend.name,
          method,
          params,
        })
      }
    },
    onState(backend, up, _reason, error) {
      if (backends.get(backend.name) === backend) options.onBackendState(backend.name, up, error)
    },
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

  function addBackend(config: BackendConfig, offer?: BackendOffer): Backend {
    const backend = createBackend({
      config,
      operational: settings.operational,
      ...(offer === undefined ? {} : { offer }),
      connect: options.connectTo(config),
      connections: options.peers?.connections,
      permits: options.permits,
      events,
      now: options.now,
      log: log.child({ backend: config.name }),
    })
    backends.set(config.name, backend)
    unsettled++
    void backend.settled.then(() => unsettled--)
    return backend
  }

  /** Out of the way of new calls; closed when those it has are through. */
  function retire(backend: Backend): void {
    backends.delete(backend.name)
    catalogues.endBackend(backend.name)
    retired.add(backend)
    void closeWhenIdle(backend).then(() => retired.delete(backend))
  }

  /** A backend that took another's place knows nothing of what clients follow there. */
  async function subscribeAgain(backend: Backend): Promise<void> {
    await backend.settled
    for (const listener of interests.listeners) void listener.followAgain(backend.name)
    for (const session of sessions.live()) {
      const owner = { principal: session.principal, session }
      for (const uri of interests.urisOf(session)) {
        if (findResource(catalogues.for(owner), uri)?.backend !== backend.name) continue
        // It may have ended, or lost interest, meanwhile.
        await follow(backend, session, uri, () => interests.isSubscribed(session, uri))
      }
    }
  }

  async function follow(
    backend: Backend,
    session: ClientSession,
    uri: string,
    isWanted: () => boolean,
  ): Promise<void> {
    try {
      const owner = { principal: session.principal, session }
      const following = await subscriptions.follow(backend, owner, { uris: [uri], taskIds: [] })
      if (isWanted()) interests.subscribe(session, uri, following.stop)
      else following.stop()
    } catch (error) {
      log.warn({ backend: backend.name, uri, err: error }, 'Cannot subscribe again')
    }
  }

  /** Follows what another process followed for the session. */
  async function followStored(session: ClientSession): Promise<void> {
    const isWanted = (uri: string): boolean => sessions.subscriptionsOf(session).includes(uri)
    const missing = sessions
      .subscriptionsOf(session)
      .filter((uri) => !interests.isSubscribed(session, uri))
    if (missing.length > 0 && unsettled > 0) await settled(FIRST_CHANCE_MS)
    for (const uri of missing) {
      const owner = { principal: session.principal, session }
      const backend = backends.get(findResource(catalogues.for(owner), uri)?.backend ?? '')
      if (backend !== undefined) await follow(backend, session, uri, () => isWanted(uri))
    }
  }

  /** Undefined for a session that is not used here. */
  function ownerHere(owner: Owner): SlotOwner | undefined {
    if (owner.kind === 'principal') return owner
    for (const session of sessions.live()) {
      if (session.id === owner.id) return { kind: 'session', session }
    }
    return undefined
  }

  async function settled(timeoutMs: number): Promise<void> {
    await within(timeoutMs, Promise.all([...backends.values()].map((each) => each.settled)))
  }

  const host: SourceHost = {
    answer,
    catalogueFor: catalogues.for,
    findSession: async (id, principal) => sessions.find(id, principal),
    channelFor: (session) => session.channel ?? options.peers?.channelFor(session),
  }
  for (const source of options.makeSources?.(host) ?? []) sources.set(source.name, source)
  for (const config of settings.backends) addBackend(config)
  catalogues.rebuild()

  return {
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
      for (const backend of backends.values()) backend.clientNotification(session, method, params)
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
    settled,
    reconfigure(next) {
      settings = next
      const replaced = new Map<string, Backend>()
      for (const backend of [...backends.values()]) {
        const wanted = next.backends.find((config) => config.name === backend.name)
        if (wanted !== undefined && samePlace(backend.config, wanted)) {
          backend.adjust(wanted, next.operational)
        } else {
          retire(backend)
          replaced.set(backend.name, backend)
        }
      }
      for (const config of next.backends) {
        if (backends.has(config.name)) continue
        const backend = addBackend(config, replaced.get(config.name)?.offer)
        backend.start()
        if (replaced.has(config.name)) void subscribeAgain(backend)
      }
      rebuild(new Set())
    },
    sourcesChanged: () => rebuild(new Set()),
    hear(news) {
      const backend = backends.get(news.backend)
      const owner = ownerHere(news.owner)
      if (backend === undefined || owner === undefined) return
      if (news.kind === 'notification') relay(backend, owner, news.method, news.params)
      else {
        void backend.relistOwn(owner, new Set(news.kinds)).then(() => {
          if (owner.kind === 'principal') interests.listChanged(news.kinds, owner.principal)
        })
      }
    },
    async followElsewhere(id) {
      const session = await sessions.reread(id)
      if (session !== undefined) await followStored(session)
    },
    async useConnection({ owner, backend: name }, run) {
      const backend = backends.get(name)
      const { principal } = owner
      const session =
        owner.kind === 'session' ? await sessions.find(owner.id, principal) : undefined
      if (backend === undefined || typeof session === 'string') return run(undefined)
      // Neither may go while it is used.
      backend.calls.count++
      if (session !== undefined) {
        session.inFlight++
        session.channel ??= options.peers?.channelFor(session)
      }
      try {
        return await run(await backend.ownConnection({ principal, session }))
      } finally {
        backend.calls.count--
        if (session !== undefined) session.inFlight--
      }
    },
    async close() {
      clearInterval(sweeper)
      interests.end()
      sessions.close()
      const all = [...backends.values(), ...retired]
      await Promise.all(all.map((backend) => backend.close()))
    },
  }
}

/** Resolves with the promise, or after the time. */
async function within(timeoutMs: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  await Promise.race([promise, timeout])
  clearTimeout(timer)
}

/** Their own timeouts end the calls that would never end. */
async function closeWhenIdle(backend: Backend): Promise<void> {
  while (backend.calls.count > 0) {
    await new Promise((resolve) => setTimeout(resolve, 100).unref())
  }
  await backend.close()
}

/** What can change without another connection: timeouts, and what is only carried along. */
function samePlace(a: BackendConfig, b: BackendConfig): boolean {
  return JSON.stringify(placeOf(a)) === JSON.stringify(placeOf(b))
}

function placeOf({ timeouts, metadata, ...place }: BackendConfig): object {
  return place
}
