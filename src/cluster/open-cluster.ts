import { setTimeout as sleep } from 'node:timers/promises'
import type { Now } from '../base/clock.ts'
import { isAppError } from '../base/errors.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { parseJson } from '../base/parse-json.ts'
import { textOf } from '../base/text-of.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { Sealer } from '../storage/sealing.ts'
import type { Logger } from '../telemetry/logger.ts'
import { askForPlace, WHO_HAS } from './ask-for-place.ts'
import { createDirectory, type Directory } from './directory.ts'
import { linkKey, type LinkKeys } from './link/link-keys.ts'
import { createLinkClient, type LinkClient } from './link/link-client.ts'
import { answerLink, openLinkServer, type LinkHandler } from './link/link-server.ts'
import type { LinkTls } from './read-link-tls.ts'
import { createProcesses } from './processes.ts'
import { openRemoteConnection } from './remote-connection.ts'
import { newReplicaId, type Replica, type Sign } from './replica.ts'
import { refuseOtherKeys, type Answer } from './refuse-other-keys.ts'
import { createSilence, type Silence } from './silence.ts'
import { createSharedConnections, type SharedConnections } from './shared-connections.ts'

export interface ClusterOptions {
  /** Name of the gateway, the same for all its replicas. */
  readonly gateway: string
  readonly store: KeyValue
  /** What the keys of the fleet start with. */
  readonly keyPrefix: string
  /** What the store puts before that, for messages. */
  readonly storePrefix?: string | undefined
  /** Address the link listens on. */
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
  /** How others reach the link, by the port it got. */
  readonly urlFor: (port: number) => string
  /**
   * Make the link safe; any length. The first is used, all of them are accepted: two replicas need one in common that the sender has
   * as its first.
   */
  readonly linkSecrets: readonly [Buffer, ...Buffer[]]
  /** Seals what is secret in the store; undefined: there is no key for it. */
  readonly sealer: Sealer | undefined
  readonly tls?: LinkTls | undefined
  /** Life of what is kept of an owner's connection if it is not prolonged; asked each time. */
  readonly ttlMs: () => number
  readonly maxMessageBytes: number
  readonly times?: Partial<ClusterTimes>
  readonly now: Now
  readonly elapsed?: () => number
  readonly log: Logger
}

export interface ClusterTimes {
  /** Between two signs of life in the store. */
  readonly beatMs: number
  /** How long one of them holds. */
  readonly entryMs: number
  /** How long to wait for the answer of a replica that may be dead. */
  readonly pingMs: number
}

const TIMES: ClusterTimes = { beatMs: 2_500, entryMs: 10_000, pingMs: 1_500 }

/** What one replica tells others. */
export type ClusterMessage = JsonObject & { readonly kind: string }

/** This replica among the others. */
export interface Cluster {
  readonly self: Replica
  readonly directory: Directory
  readonly connections: SharedConnections
  readonly link: LinkClient
  readonly silence: Silence
  /** Undefined without a key in the configuration. */
  readonly sealer: Sealer | undefined
  /** Serves requests of other replicas at this path, `/link/…`. Before `start`. */
  handle(path: string, handler: LinkHandler): void
  /** Called for each message of another replica. The answer, if any, goes back to it. */
  onMessage(kind: string, handler: MessageHandler): void
  /** Calls the listener each time another replica is not there any more; returns the way to stop. */
  onGone(listener: () => void): () => void
  /** Asks one replica whether it lives. Never rejects. */
  ping(replica: Replica): Promise<Sign>
  /** Tells one replica. Resolves with its answer; rejects with CLUSTER_LINK. */
  tell(to: Replica, message: ClusterMessage): Promise<JsonObject>
  /** Tells all others that are known. Resolves when they have heard, or after a second; nobody has to wait. Never rejects. */
  tellAll(message: ClusterMessage): Promise<void>
  /** From here on others find us. Rejects with CLUSTER_OTHER_KEY where those who are there have none of our keys. */
  start(): Promise<void>
  /** True from `handOver` on. */
  readonly isLeaving: boolean
  /** Others begin anew what lives in this process, while what runs here may end. Never rejects. */
  handOver(): Promise<void>
  close(): Promise<void>
}

export type MessageHandler = (
  message: JsonObject,
  from: string,
) => JsonObject | undefined | void | Promise<JsonObject | undefined | void>

const MESSAGE_PATH = '/link/message'
const PING_PATH = '/link/ping'
/** A body of a client, and what is around it. */
const MAX_BODY_BYTES = 32 * 1024 * 1024
const TELL_TIMEOUT_MS = 5_000
/** So long a request of a client waits for the others to hear what it did. */
const TOLD_MS = 1_000
/** Says that there is one more. */
const JOINED = 'joined'

/** Opens the link; others do not know of it before `start`. Rejects with CLUSTER_CANNOT_LISTEN. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { gateway, store, keyPrefix, sealer, log } = options
  const times = { ...TIMES, ...options.times }
  const id = newReplicaId()
  const [firstSecret, ...otherSecrets] = options.linkSecrets
  const keys: LinkKeys = [linkKey(firstSecret), ...otherSecrets.map(linkKey)]
  const tls = options.tls === undefined ? {} : { tls: options.tls }
  const handlers = new Map<string, LinkHandler>()
  const listeners = new Map<string, MessageHandler>()
  const goneListeners = new Set<() => void>()
  const server = await openLinkServer({
    selfId: id,
    host: options.host,
    port: options.port,
    keys,
    ...tls,
    maxBodyBytes: MAX_BODY_BYTES,
    handlers,
    log,
  })
  const self: Replica = {
    id,
    url: options.urlFor(server.port),
    keys: keys.map(({ name }) => name),
  }
  const link = createLinkClient({ selfId: id, keys, ...tls })
  const directory = createDirectory({
    self,
    store,
    keyPrefix,
    ping,
    vouches,
    beatMs: times.beatMs,
    ttlMs: times.entryMs,
    onLapse: () => processes.reclaim(),
    onBeat: () => void connections.look(),
    onGone() {
      for (const listener of goneListeners) listener()
    },
    elapsed: options.elapsed ?? (() => performance.now()),
    now: options.now,
    log,
  })
  const silence = createSilence({
    signOf: (replica) => directory.signOf(replica.id, replica.url),
    isKnown: (id) => directory.others.some((other) => other.id === id),
    bury: directory.bury,
    log,
  })
  const processes = createProcesses({
    store,
    directory,
    ttlMs: options.ttlMs,
    openRemote: (replica, { place, onLost }, signal) =>
      openRemoteConnection({
        signal,
        link,
        replica,
        place,
        silence,
        maxMessageBytes: options.maxMessageBytes,
        onLost,
        log,
      }),
    ask: (replica, key) => askForPlace((message) => tell(replica, message, times.pingMs), key),
    patienceMs: times.entryMs + times.pingMs + 5_000,
    log,
  })
  const connections = createSharedConnections({
    store,
    keyPrefix,
    sealer,
    ttlMs: options.ttlMs,
    processes,
    hasOthers: () => directory.others.length > 0,
    log,
  })

  let isLeaving = false

  async function ping(replica: Replica): Promise<Sign> {
    const sign = await ask(replica)
    if (sign === 'stranger') return 'refused'
    return sign === 'denied' ? 'silent' : sign
  }

  /** Whoever has taken us for dead says so; who is dead itself takes nothing. */
  async function vouches(replica: Replica): Promise<boolean> {
    const answer = await hear(replica)
    return answer === 'alive' || answer === 'stranger' || answer === 'refused'
  }

  async function ask(replica: Replica): Promise<Answer> {
    const answer = await hear(replica)
    return answer === 'buried us' ? 'alive' : answer
  }

  async function hear(replica: Replica): Promise<Answer | 'buried us'> {
    try {
      const answer = await link.ask(replica, PING_PATH, {}, { timeoutMs: times.pingMs })
      if (!isJsonObject(answer) || answer['id'] !== replica.id) return 'stranger'
      return answer['buried'] === true ? 'buried us' : 'alive'
    } catch (error) {
      if (!isAppError(error, 'CLUSTER_LINK')) return 'silent'
      const { refused, denied } = error.details
      return refused === true ? 'refused' : denied === true ? 'denied' : 'silent'
    }
  }

  async function tell(
    to: Replica,
    message: ClusterMessage,
    timeoutMs = TELL_TIMEOUT_MS,
  ): Promise<JsonObject> {
    const answer = await link.ask(to, MESSAGE_PATH, message, { timeoutMs })
    return isJsonObject(answer) ? answer : {}
  }

  async function tellAll(message: ClusterMessage): Promise<void> {
    const told = directory.others.map(async (other) => {
      try {
        await tell(other, message)
      } catch (error) {
        log.debug({ replica: other.id, err: error }, 'Cannot tell another replica')
      }
    })
    await Promise.race([Promise.all(told), sleep(TOLD_MS, undefined, { ref: false })])
  }

  /** Two gateways that share what they store would serve each other's sessions with their own tools. */
  function complainOfStranger(replica: string, name: unknown): void {
    if (typeof name !== 'string' || name === gateway) return
    log.error(
      { replica, gateway: name },
      'Another gateway keeps its sessions in the same place: give each a sessionStorage.keyPrefix of its own',
    )
  }

  async function join(other: Replica): Promise<void> {
    try {
      const answer = await tell(other, { kind: JOINED, gateway })
      complainOfStranger(other.id, answer['gateway'])
    } catch (error) {
      log.debug({ replica: other.id, err: error }, 'Cannot tell another replica')
    }
  }

  // One that has just come would hear of nothing before the next beat of the others.
  listeners.set(JOINED, async (message, from) => {
    complainOfStranger(from, message['gateway'])
    await directory.meet()
    return { gateway }
  })
  listeners.set(WHO_HAS, ({ key }, from) => ({ state: processes.answer(textOf(key), from) }))
  handlers.set(PING_PATH, ({ from, response }) =>
    answerLink(response, 200, { id, ...(directory.hasBuried(from) ? { buried: true } : {}) }),
  )
  handlers.set(MESSAGE_PATH, async ({ body, from, response }) => {
    const message = parseJson(body.toString('utf8'))
    const listener = isJsonObject(message) ? listeners.get(textOf(message['kind'])) : undefined
    const answer = listener && isJsonObject(message) ? await listener(message, from) : undefined
    answerLink(response, 200, answer ?? {})
  })

  return {
    self,
    directory,
    connections,
    link,
    silence,
    sealer,
    handle: (path, handler) => void handlers.set(path, handler),
    onMessage: (kind, handler) => void listeners.set(kind, handler),
    onGone(listener) {
      goneListeners.add(listener)
      return () => void goneListeners.delete(listener)
    },
    ping,
    tell: (to, message) => tell(to, message),
    tellAll,
    async start() {
      const { storePrefix = '' } = options
      const shown = storePrefix + keyPrefix
      await refuseOtherKeys({ self, keyPrefix: shown, directory, ask, patienceMs: times.entryMs })
      await directory.start()
      for (const other of directory.others) void join(other)
    },
    get isLeaving() {
      return isLeaving
    },
    async handOver() {
      // Nobody is there to go on: what is here serves to the end.
      if (directory.others.length === 0) return
      isLeaving = true
      await processes.handOver()
    },
    async close() {
      silence.close()
      await directory.close()
      link.close()
      await server.close()
    },
  }
}
