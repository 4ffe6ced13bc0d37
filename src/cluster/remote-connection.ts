import type { IncomingMessage } from 'node:http'
import { isAppError } from '../base/errors.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { parseJson } from '../base/parse-json.ts'
import { textOf } from '../base/text-of.ts'
import type {
  BackendConnection,
  BackendRequest,
  BackendTransport,
} from '../mcp/backend-connection.ts'
import { mcpErrors } from '../mcp/errors.ts'
import type { InputRequest, ServerDescription } from '../mcp/messages.ts'
import { scanResponse } from '../mcp/raw-response.ts'
import type { Reply } from '../mcp/reply.ts'
import { isKnownVersion, type Era, type ProtocolVersion } from '../mcp/versions.ts'
import type { Logger } from '../telemetry/logger.ts'
import { clusterErrors } from './errors.ts'
import { errorFromJson, errorToJson } from './link/error-frame.ts'
import { readFrames } from './link/frames.ts'
import type { LinkClient } from './link/link-client.ts'
import { CONNECTION_PATHS } from './connection-paths.ts'
import type { Place } from './owner.ts'
import type { Replica } from './replica.ts'
import type { Silence, SilenceEnd } from './silence.ts'

export interface RemoteOptions {
  readonly link: LinkClient
  readonly replica: Replica
  readonly place: Place
  readonly silence: Silence
  readonly maxMessageBytes: number
  /** Gives up opening it. */
  readonly signal: AbortSignal
  readonly onLost: (reason: string) => void
  readonly log: Logger
}

/**
 * Reaches a connection of another replica. Rejects with CLUSTER_LINK, with CLUSTER_NOT_OWNER, or with what opening it there
 * rejected with.
 */
export async function openRemoteConnection(options: RemoteOptions): Promise<RemoteConnection> {
  const { link, replica, place } = options
  const answer = await link.ask(replica, CONNECTION_PATHS.open, place, {
    timeoutMs: OPEN_TIMEOUT_MS,
    signal: options.signal,
  })
  const said = isJsonObject(answer) ? answer : {}
  if (said['error'] !== undefined) throw errorFromJson(said['error'])
  const { version, server, era, transport } = said
  if (!isKnownVersion(version) || !isJsonObject(server)) {
    throw clusterErrors.NOT_OWNER({ replica: replica.id, backend: place.backend })
  }
  return new RemoteConnection(options, {
    era: era === 'modern' ? 'modern' : 'legacy',
    version,
    server: server as unknown as ServerDescription,
    transport: TRANSPORTS.find((each) => each === transport) ?? 'stdio',
  })
}

/** So long without a sign of life, though it answers pings: the way there is broken. Also how long a call waits for it. */
const SILENCE_MS = 15_000
/** So long after a request, and between two signs of life: it is asked whether it is there. */
const FIRST_SIGN_MS = 1_000
const NEXT_SIGN_MS = 3_000
/** A command may have to be downloaded first. */
const OPEN_TIMEOUT_MS = 90_000
const TRANSPORTS: readonly BackendTransport[] = ['streamable-http', 'sse', 'stdio']

interface Described {
  readonly era: Era
  readonly version: ProtocolVersion
  readonly server: ServerDescription
  readonly transport: BackendTransport
}

/** A connection that another replica has, like one of ours. Closing it leaves it to those who still use it. */
export class RemoteConnection implements BackendConnection {
  readonly era: Era
  readonly version: ProtocolVersion
  readonly server: ServerDescription
  readonly transport: BackendTransport
  inFlight = 0
  readonly #options: RemoteOptions
  readonly #open = new Set<AbortController>()
  #ended = false

  constructor(options: RemoteOptions, described: Described) {
    this.#options = options
    this.era = described.era
    this.version = described.version
    this.server = described.server
    this.transport = described.transport
  }

  async request(request: BackendRequest): Promise<Reply> {
    if (this.#ended) throw this.#lost('the connection was closed')
    const { cancellation } = request
    const abort = new AbortController()
    const unlisten = cancellation.onCancel(() => abort.abort())
    this.inFlight++
    this.#open.add(abort)
    let sent = false
    try {
      await this.#reachable(abort.signal)
      sent = true
      return await this.#exchange(request, abort)
    } catch (error) {
      if (cancellation.cancelled) {
        const reason = cancellation.reason ?? 'cancelled'
        throw mcpErrors.CALL_CANCELLED({ reason, ran: sent ? 'unknown' : 'no' })
      }
      throw this.#failure(error)
    } finally {
      unlisten()
      this.inFlight--
      this.#open.delete(abort)
      // What is still asked of the client belongs to a call that is over.
      abort.abort()
    }
  }

  notify(method: string, params: JsonObject = {}): void {
    const { link, replica, place, log } = this.#options
    link
      .ask(replica, CONNECTION_PATHS.notify, { ...place, method, params })
      .catch((error: unknown) => {
        log.debug({ err: error, method }, 'Cannot notify a backend through another replica')
      })
  }

  /** The replica that has it. */
  get holder(): string {
    return this.#options.replica.id
  }

  /** The replica that had it has it no more: nothing new is sent there, what is under way may end. */
  letGo(): void {
    this.#ended = true
    this.#options.onLost(`replica ${this.holder} has it no more`)
  }

  async close(): Promise<void> {
    this.#ended = true
    for (const abort of this.#open) abort.abort()
  }

  /** Nothing is sent to a replica that stands still: it would do it when it goes on, for whoever has given up by then. */
  async #reachable(signal: AbortSignal): Promise<void> {
    const { silence, replica, place } = this.#options
    const silent = silence.of(replica)
    if (silent === undefined) return
    const { promise, resolve, reject } = Promise.withResolvers<SilenceEnd | 'too long'>()
    const timer = setTimeout(resolve, SILENCE_MS, 'too long').unref()
    const stop = (): void => reject(new Error('not wanted any more'))
    signal.addEventListener('abort', stop)
    void silent.then(resolve)
    try {
      const end = await promise
      if (end === 'alive') return
      const details = { replica: replica.id, backend: place.backend, ran: 'no' as const }
      if (end === 'too long') throw clusterErrors.SILENT({ ...details, retryAfterMs: 1_000 })
      const broken = { sent: false, refused: true, denied: false }
      throw clusterErrors.LINK({ ...details, reason: 'it has died', ...broken })
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  }

  async #exchange(request: BackendRequest, abort: AbortController): Promise<Reply> {
    const { link, replica, place } = this.#options
    let deaf: NodeJS.Timeout | undefined
    const watch = this.#watch(abort)
    try {
      const response = await link.send(replica, {
        path: CONNECTION_PATHS.request,
        body: Buffer.from(JSON.stringify({ ...place, request: toWire(request) })),
        signal: abort.signal,
        // It says at once that it has the request.
        timeoutMs: SILENCE_MS,
      })
      deaf = setTimeout(() => response.destroy(new Error('it is silent')), SILENCE_MS).unref()
      return await this.#read(response, request, () => {
        deaf?.refresh()
        watch.seen()
      })
    } finally {
      clearTimeout(deaf)
      watch.stop()
    }
  }

  /** A replica that stands still answers nothing, and its connections never break: gives up when it is known to be dead. */
  #watch(abort: AbortController): { seen(): void; stop(): void } {
    const { silence, replica } = this.#options
    let timer: NodeJS.Timeout | undefined
    let over = false
    const wait = (ms: number): void => {
      clearTimeout(timer)
      timer = setTimeout(look, ms).unref()
    }
    const look = (): void => {
      void silence.look(replica).then((end) => {
        if (over) return
        if (end === 'dead') abort.abort()
        else wait(NEXT_SIGN_MS)
      })
    }
    wait(FIRST_SIGN_MS)
    return {
      seen: () => wait(NEXT_SIGN_MS),
      stop() {
        over = true
        clearTimeout(timer)
      },
    }
  }

  async #read(
    response: IncomingMessage,
    request: BackendRequest,
    onSign: () => void,
  ): Promise<Reply> {
    const { replica, maxMessageBytes } = this.#options
    let call = ''
    for await (const { type, body } of readFrames(response, maxMessageBytes)) {
      onSign()
      if (type === 'r') return rawReply(body)
      const value = parseJson(body.toString('utf8'))
      switch (type) {
        case 'i':
          call = textOf(value)
          break
        case 'n':
          if (isJsonObject(value)) {
            const { method, params } = value
            request.onNotification?.(textOf(method), isJsonObject(params) ? params : {})
          }
          break
        case 'p':
          request.onStreamPaused?.(Number(value))
          break
        case 'q':
          if (isJsonObject(value)) void this.#answer(call, value, request)
          break
        case 'v':
          return value as Reply
        case 'e':
          throw errorFromJson(value)
      }
    }
    throw clusterErrors.LINK({
      replica: replica.id,
      reason: `HTTP ${response.statusCode}, no answer`,
      sent: response.statusCode === 200,
      refused: false,
      denied: false,
    })
  }

  /** A question of the backend: asked here, answered there. */
  async #answer(call: string, asked: JsonObject, request: BackendRequest): Promise<void> {
    const { link, replica, log } = this.#options
    const number = asked['number']
    let answer: object
    try {
      if (request.onQuestion === undefined) throw new Error('nobody can be asked')
      answer = { result: await request.onQuestion(asked['question'] as unknown as InputRequest) }
    } catch (error) {
      answer = { error: errorToJson(error) }
    }
    try {
      await link.ask(replica, CONNECTION_PATHS.answer, { call, number, ...answer })
    } catch (error) {
      log.debug({ err: error }, 'Cannot hand an answer to another replica')
    }
  }

  /** What broke on the way to the other replica, as if the backend had broken. */
  #failure(error: unknown): unknown {
    const { place, replica, onLost } = this.#options
    const { backend } = place
    if (isAppError(error, 'CLUSTER_NOT_OWNER')) {
      this.#ended = true
      return this.#lost(error.message)
    }
    const isBroken = isAppError(error, 'CLUSTER_LINK')
    if (isAppError(error) && !isBroken) return error
    this.#ended = true
    onLost(`replica ${replica.id} does not answer`)
    if (isBroken && error.details['sent'] === false) return this.#lost(error.message)
    const reason = `the connection to replica ${replica.id} broke`
    return mcpErrors.BACKEND_GONE({ backend, reason, ran: 'unknown' }, error)
  }

  /** It did not run: the caller may open another connection and send it again. */
  #lost(reason: string): Error {
    const { backend } = this.#options.place
    return mcpErrors.BACKEND_SESSION_LOST({ backend, reason, ran: 'no' })
  }
}

/** A request without what only works here. */
function toWire(request: BackendRequest): object {
  const { cancellation, onNotification, onQuestion, onStreamPaused, ...rest } = request
  return {
    ...rest,
    asks: onQuestion !== undefined,
    hears: onNotification !== undefined,
    pauses: onStreamPaused !== undefined,
  }
}

function rawReply(bytes: Buffer): Reply {
  const response = scanResponse(bytes)
  if (typeof response !== 'object') throw new Error('another replica sent what is no response')
  return { kind: 'raw', response }
}
