import { setTimeout as sleep } from 'node:timers/promises'
import type { Cancellation } from '../../base/cancellation.ts'
import type { Now } from '../../base/clock.ts'
import type { JsonObject } from '../../base/json.ts'
import type {
  BackendConnection,
  ConnectionEvents,
  RequestTimeouts,
} from '../../mcp/backend-connection.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import { LOG_LEVELS, type LogLevel } from '../../mcp/messages.ts'
import type { Reply } from '../../mcp/reply.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Connect } from '../connect.ts'

/**
 * The place of one connection: opened when first needed, again after it was lost. What belongs to the place and not
 * to the connection (subscriptions, log level) is set again on each new one.
 */
export interface Slot {
  readonly connection: BackendConnection | undefined
  /** It is being opened, has calls, questions or subscriptions, or keeps something for its owner: then it is not to be closed. */
  readonly isInUse: boolean
  /** The live connection, at once if there is one. Concurrent callers share one attempt. */
  open(): BackendConnection | Promise<BackendConnection>
  /** Forgets a connection that turned out to be lost, so that the next `open` makes a new one. */
  drop(connection: BackendConnection): void
  /** Counts interest in a resource; the first one subscribes at the backend. Resolves with the backend's answer. */
  subscribe(uri: string): Promise<Reply>
  unsubscribe(uri: string): Promise<void>
  /** The backend keeps something that it has announced, like a task, for so long. */
  keepFor(ms: number): void
  /** Makes the backend send log messages from this level on. */
  setLogLevel(level: LogLevel): Promise<void>
  /** The same for one of several clients: never makes the backend quieter. Undefined: it says as much already. */
  raiseLogLevel(level: LogLevel): Promise<void> | undefined
  /** `keepSession`: the backend's session stays, because another replica goes on with it. */
  close(options?: { readonly keepSession?: boolean }): Promise<void>
}

export interface SlotOptions {
  readonly connect: Connect
  readonly capabilities: JsonObject
  readonly events: ConnectionEvents
  readonly openStream: boolean
  readonly timeouts: RequestTimeouts
  readonly newCancellation: () => Cancellation
  readonly now: Now
  readonly onLost?: (reason: string) => void
  readonly log: Logger
}

/** How long and how often to look whether a lost connection has answered all its calls. */
const LAST_ANSWERS_TRIES = 50
const LAST_ANSWERS_MS = 100

export function createSlot(options: SlotOptions): Slot {
  const subscriptions = new Map<string, number>()
  let current: BackendConnection | undefined
  let opening: Promise<BackendConnection> | undefined
  let level: LogLevel | undefined
  let closed = false
  let keepSession = false
  let questions = 0
  let keptUntilMs = 0
  const leaving = new Set<BackendConnection>()

  async function openNow(): Promise<BackendConnection> {
    // `onClose` may come before `connect` resolves or long after another connection took the place.
    let made: BackendConnection | undefined
    let lost = false
    try {
      made = await options.connect({
        capabilities: options.capabilities,
        openStream: options.openStream,
        events: {
          ...options.events,
          onNotification: (method, params) => options.events.onNotification(method, params),
          async onQuestion(question) {
            questions++
            try {
              return await options.events.onQuestion(question)
            } finally {
              questions--
            }
          },
          onMissed() {
            for (const uri of subscriptions.keys()) {
              options.events.onNotification('notifications/resources/updated', { uri })
            }
          },
          onClose(reason) {
            lost = true
            if (made !== undefined) forget(made, reason)
          },
        },
      })
      if (closed) {
        await made.close({ keepSession })
        throw mcpErrors.CALL_CANCELLED({ reason: 'its connection is no longer kept', ran: 'no' })
      }
      if (!lost) current = made
      await restoreState(made)
      return made
    } finally {
      opening = undefined
    }
  }

  async function restoreState(connection: BackendConnection): Promise<void> {
    if (connection.era !== 'legacy') return
    if (level !== undefined) await sendLevel(connection, level)
    for (const uri of subscriptions.keys()) {
      await send(connection, 'resources/subscribe', { uri }).catch((error: unknown) =>
        options.log.warn({ uri, err: error }, 'Cannot subscribe again after a reconnect'),
      )
    }
  }

  function forget(connection: BackendConnection, reason: string): void {
    if (current !== connection) return
    current = undefined
    if (!closed) options.onLost?.(reason)
  }

  function send(connection: BackendConnection, method: string, params: JsonObject): Promise<Reply> {
    return connection.request({
      method,
      params,
      capabilities: {},
      wantsProgress: false,
      cancellation: options.newCancellation(),
      timeouts: options.timeouts,
    })
  }

  async function sendLevel(connection: BackendConnection, wanted: LogLevel): Promise<void> {
    if (connection.era !== 'legacy' || connection.server.capabilities['logging'] === undefined)
      return
    await send(connection, 'logging/setLevel', { level: wanted }).catch((error: unknown) =>
      options.log.debug({ level: wanted, err: error }, 'Cannot set the log level of a backend'),
    )
  }

  async function setLogLevel(wanted: LogLevel): Promise<void> {
    if (level === wanted) return
    level = wanted
    if (current !== undefined) await sendLevel(current, wanted)
  }

  /** Other calls in flight learn by their own answers that the connection is lost, and that they did not run. */
  async function closeWhenAnswered(connection: BackendConnection): Promise<void> {
    leaving.add(connection)
    for (let waited = 0; waited < LAST_ANSWERS_TRIES && connection.inFlight > 0; waited++) {
      await sleep(LAST_ANSWERS_MS, undefined, { ref: false })
    }
    await connection.close()
    leaving.delete(connection)
  }

  function open(): BackendConnection | Promise<BackendConnection> {
    if (current !== undefined) return current
    opening ??= openNow()
    return opening
  }

  return {
    get connection() {
      return current
    },
    get isInUse() {
      if (opening !== undefined || questions > 0 || subscriptions.size > 0) return true
      if (current === undefined) return false
      return current.inFlight > 0 || options.now() < keptUntilMs
    },
    open,
    drop(connection) {
      if (current !== connection) return
      forget(connection, 'lost')
      void closeWhenAnswered(connection)
    },
    async subscribe(uri) {
      const connection = await open()
      const reply = await send(connection, 'resources/subscribe', { uri })
      if (reply.kind !== 'error') subscriptions.set(uri, (subscriptions.get(uri) ?? 0) + 1)
      return reply
    },
    async unsubscribe(uri) {
      const count = subscriptions.get(uri)
      if (count === undefined) return
      if (count > 1) {
        subscriptions.set(uri, count - 1)
        return
      }
      subscriptions.delete(uri)
      if (current !== undefined) await send(current, 'resources/unsubscribe', { uri })
    },
    keepFor(ms) {
      keptUntilMs = Math.max(keptUntilMs, options.now() + ms)
    },
    setLogLevel,
    raiseLogLevel(wanted) {
      const asked = isMoreVerbose(wanted, SHARED_LEVEL) ? wanted : SHARED_LEVEL
      if (level !== undefined && !isMoreVerbose(asked, level)) return undefined
      return setLogLevel(asked)
    },
    async close(options = {}) {
      closed = true
      keepSession = options.keepSession === true
      const connections = current === undefined ? [...leaving] : [current, ...leaving]
      current = undefined
      await Promise.all(connections.map((connection) => connection.close(options)))
    },
  }
}

/** A connection of several clients is never quieter: some of them have not set a level, and get this one. */
const SHARED_LEVEL: LogLevel = 'info'

/** True if `a` lets more through than `b`. */
function isMoreVerbose(a: LogLevel, b: LogLevel): boolean {
  return LOG_LEVELS.indexOf(a) < LOG_LEVELS.indexOf(b)
}
