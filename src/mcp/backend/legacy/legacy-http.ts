import { setTimeout as sleep } from 'node:timers/promises'
import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json.ts'
import type {
  BackendConnection,
  BackendRequest,
  BackendTransport,
} from '../../backend-connection.ts'
import { mcpErrors } from '../../errors.ts'
import { SESSION_HEADER, VERSION_HEADER } from '../../mcp-headers.ts'
import type { ServerDescription } from '../../messages.ts'
import { scanResponse } from '../../raw-response.ts'
import type { RawResponse } from '../../raw-response.ts'
import type { Reply } from '../../reply.ts'
import { isAtLeast } from '../../versions.ts'
import type { ProtocolVersion } from '../../versions.ts'
import { decodeMessage } from '../answer.ts'
import type { Incoming } from '../answer.ts'
import type { ConnectOptions } from '../connect-options.ts'
import { AskingHabits } from './asking-habits.ts'
import { Attribution } from './attribution.ts'
import { initializeRequest, readInitialize, UNKNOWN_SERVER } from './handshake.ts'
import type { Handshake } from './handshake.ts'
import type { HeaderList, HttpEndpoint } from '../http/http-endpoint.ts'
import { HttpExchange } from '../http/http-exchange.ts'
import type { ExchangeOwner, StreamPosition } from '../http/http-exchange.ts'
import { refusal, refusalError } from '../http/http-refusal.ts'
import { routeLegacyMessage } from './legacy-inbound.ts'
import { Lingering } from '../http/lingering.ts'
import type { PendingCall } from '../pending-call.ts'
import { PendingTable } from '../pending-table.ts'
import { post } from '../http/post.ts'
import { Questions, type Asker } from './questions.ts'
import { legacyBody, notificationBody } from '../request-body.ts'
import { resumeCall } from './resume-call.ts'
import { SkipLog } from '../stdio/skip-log.ts'
import { openStandaloneStream } from './standalone-stream.ts'
import type { StandaloneStream } from './standalone-stream.ts'

const POST_HEADERS: HeaderList = [
  'content-type',
  'application/json',
  'accept',
  'application/json, text/event-stream',
]
const NOTIFY_TIMEOUT_MS = 10_000
/** Answers and notifications on their way: each takes a connection of its own, and a backend could ask without end. */
const MAX_POSTING = 256
const CLOSE_TIMEOUT_MS = 2000
/** Some servers do not answer the GET before they have something to say. */
const STREAM_PATIENCE_MS = 200

/** Opens a session over streamable HTTP of 2025-03-26 … 2025-11-25, or continues one. */
export async function connectLegacyHttp(
  endpoint: HttpEndpoint,
  options: ConnectOptions,
): Promise<BackendConnection> {
  const connection = new LegacyHttp(endpoint, options)
  if (options.resume) {
    const { sessionId, version, server = UNKNOWN_SERVER } = options.resume
    connection.resume(sessionId, { version, server })
    return connection
  }
  try {
    await connection.initialize()
    return connection
  } catch (error) {
    await connection.close()
    throw error
  }
}

class LegacyHttp implements BackendConnection, ExchangeOwner {
  readonly era = 'legacy'
  readonly transport: BackendTransport = 'streamable-http'
  sessionId?: string
  endpoint: HttpEndpoint
  readonly #options: ConnectOptions
  readonly #calls: PendingTable
  readonly #skipped: SkipLog
  readonly #attribution: Attribution
  readonly #questions: Questions
  readonly #lingering = new Lingering()
  #postHeaders: HeaderList = POST_HEADERS
  #handshake: Handshake | undefined
  #standalone: StandaloneStream | undefined
  #ended: string | undefined
  #posting = 0

  constructor(endpoint: HttpEndpoint, options: ConnectOptions) {
    this.endpoint = endpoint
    this.#options = options
    this.#skipped = new SkipLog(options.log, options.name)
    this.#calls = new PendingTable({
      name: options.name,
      onAbandon: (call, reason) => this.#cancel(call, reason),
      onEnd: (call) => this.#attribution.ended(call),
    })
    this.#attribution = new Attribution({
      calls: () => this.#calls.all(),
      habits: options.habits ?? new AskingHabits(),
      isShared: options.events.isOwned !== true,
    })
    this.#questions = new Questions({
      events: options.events,
      log: options.log,
      send: (body) => void this.#post(body, 'an answer'),
      attribution: this.#attribution,
    })
  }

  async initialize(): Promise<void> {
    const reply = await this.request(initializeRequest(this.#options))
    this.#agree(readInitialize(this.#options.name, reply))
    await Promise.all([
      this.#post(notificationBody('notifications/initialized'), 'notifications/initialized'),
      this.#listen(),
    ])
  }

  resume(sessionId: string, handshake: Handshake): void {
    this.sessionId = sessionId
    this.#agree(handshake)
    void this.#listen()
  }

  get version(): ProtocolVersion {
    return this.#agreed.version
  }

  get server(): ServerDescription {
    return this.#agreed.server
  }

  get inFlight(): number {
    return this.#calls.size
  }

  get #agreed(): Handshake {
    if (!this.#handshake) throw new Error('The connection is used before its handshake')
    return this.#handshake
  }

  request(request: BackendRequest): Promise<Reply> {
    if (this.#ended !== undefined) return Promise.reject(this.#sessionLost(this.#ended))
    const call = this.#calls.open(request)
    const turn = call.settled ? undefined : this.#attribution.take(call)
    if (turn) void turn.then(() => this.#send(call))
    else this.#send(call)
    return call.promise
  }

  #send(call: PendingCall): void {
    if (call.settled) return
    call.seen()
    const headers = this.endpoint.headers(this.#postHeaders, call.request.headers)
    new HttpExchange(call, this, legacyBody(call.id, call.request), headers).start()
  }

  notify(method: string, params?: JsonObject): void {
    void this.#post(notificationBody(method, params), method)
  }

  async close({ keepSession = false } = {}): Promise<void> {
    const alive = this.#ended === undefined && this.#handshake !== undefined
    const reason = 'the connection was closed'
    this.#ended ??= reason
    this.#standalone?.close()
    this.#questions.close()
    this.#lingering.close()
    for (const call of this.#calls.all()) call.stream?.abort()
    this.#calls.end(mcpErrors.BACKEND_GONE({ backend: this.#options.name, reason, ran: 'unknown' }))
    if (!alive || keepSession || this.sessionId === undefined) return
    const headers = this.endpoint.headers(this.#sessionHeaders())
    await post(this.endpoint, 'DELETE', headers, undefined, CLOSE_TIMEOUT_MS)
  }

  moved(endpoint: HttpEndpoint): void {
    this.endpoint = endpoint
  }

  onHeaders(headers: Record<string, string | string[] | undefined>): void {
    if (this.#handshake) return
    const id = headers[SESSION_HEADER]
    if (typeof id === 'string') this.sessionId = id
  }

  onResult(call: PendingCall, response: RawResponse): void {
    call.resolve({ kind: 'raw', response })
  }

  onError(call: PendingCall, message: Incoming & { kind: 'error' }): void {
    call.resolve({ kind: 'error', error: message.error })
  }

  onMessage(call: PendingCall, message: Incoming & { kind: 'message' }): void {
    this.#route(message, call.settled ? 'nobody' : call)
  }

  onRefused(call: PendingCall, httpStatus: number, body: Buffer): void {
    const error = refusalError(body)
    if (this.sessionId !== undefined && isSessionLost(httpStatus, error?.error.message)) {
      const reason = error?.error.message ?? `HTTP ${httpStatus}`
      call.reject(this.#sessionLost(reason))
      return this.#lose(reason)
    }
    if (error?.id === call.id) return this.onError(call, error)
    call.reject(refusal(this.#options.name, httpStatus, body))
  }

  onStreamEnd(call: PendingCall, position: StreamPosition, failure: string | undefined): void {
    const reason = failure ?? 'the stream ended before the response'
    if (position.lastEventId === undefined || !this.#handshake) {
      const lost = { backend: this.#options.name, reason, ran: 'unknown' as const }
      return call.reject(mcpErrors.BACKEND_GONE(lost))
    }
    resumeCall(call, position, {
      endpoint: this.endpoint,
      headers: (lastEventId) => this.#streamHeaders(lastEventId),
      onMessage: (bytes) => this.#receive(bytes, call),
    })
  }

  linger(exchange: HttpExchange): void {
    this.#lingering.add(exchange)
  }

  ended(exchange: HttpExchange): void {
    if (exchange.lingersSinceMs > 0) this.#lingering.delete(exchange)
  }

  #agree(handshake: Handshake): void {
    this.#handshake = handshake
    this.#postHeaders = [...POST_HEADERS, ...this.#sessionHeaders()]
  }

  /** The session, and the version from the revision on that has the header (2025-06-18). */
  #sessionHeaders(): HeaderList {
    const { version } = this.#agreed
    return [
      ...(this.sessionId === undefined ? [] : [SESSION_HEADER, this.sessionId]),
      ...(isAtLeast(version, '2025-06-18') ? [VERSION_HEADER, version] : []),
    ]
  }

  #streamHeaders(lastEventId: string | undefined): HeaderList {
    return this.endpoint.headers([
      'accept',
      'text/event-stream',
      ...this.#sessionHeaders(),
      ...(lastEventId === undefined ? [] : ['last-event-id', inUtf8(lastEventId)]),
    ])
  }

  /**
   * Opens the standalone stream and waits a moment for it: many servers ask there what belongs to a call, and lose what
   * they say before it is open.
   */
  async #listen(): Promise<void> {
    if (!this.#options.openStream) return
    const stream = openStandaloneStream({
      endpoint: () => this.endpoint,
      headers: (lastEventId) => this.#streamHeaders(lastEventId),
      log: this.#options.log.child({ backend: this.#options.name }),
      onMessage: (bytes) => this.#receive(bytes, undefined),
      onMissed: () => {
        for (const method of announcements(this.server)) {
          this.#options.events.onNotification(method, {})
        }
        this.#options.events.onMissed?.()
      },
      onPeerGone: this.#options.onPeerGone,
      onSessionLost: () => {
        if (this.sessionId !== undefined) this.#lose('HTTP 404 to the standalone stream')
      },
    })
    this.#standalone = stream
    await Promise.race([stream.answered, sleep(STREAM_PATIENCE_MS, undefined, { ref: false })])
  }

  /** A message from a stream other than the one of a POST. */
  #receive(bytes: Buffer, call: PendingCall | undefined): void {
    const scanned = scanResponse(bytes)
    if (typeof scanned === 'object') {
      const answered = this.#calls.byId(scanned.id)
      if (answered === undefined) this.#attribution.answeredLate(scanned.id)
      return answered?.resolve({ kind: 'raw', response: scanned })
    }
    if (scanned === undefined) return this.#skipped.skip('it is not a JSON-RPC message', bytes)
    const message = decodeMessage(bytes)
    if (message.kind === 'message') {
      // Servers ask for roots as soon as somebody listens: that belongs to no call.
      const isOfNone = message.method === 'roots/list'
      const from = isOfNone ? 'nobody' : this.#calls.callOfTask(message.params)
      return this.#route(message, call ?? from)
    }
    if (message.kind === 'broken') return this.#skipped.skip('it is not a JSON-RPC message', bytes)
    const failed = this.#calls.byId(message.id)
    if (failed === undefined) this.#attribution.answeredLate(message.id)
    failed?.resolve({ kind: 'error', error: message.error })
  }

  /** `unsaid`: some servers say on the standalone stream what belongs to a call. */
  #route(message: Incoming & { kind: 'message' }, from: Asker): void {
    routeLegacyMessage(
      {
        events: this.#options.events,
        questions: this.#questions,
        byToken: (token) => this.#calls.byId(token),
        // Over HTTP a log line of a call comes on its own stream.
        speaker: () => undefined,
      },
      message,
      from,
    )
  }

  #cancel(call: PendingCall, reason: string): void {
    call.stream?.abort()
    if (call.request.method === 'initialize' || !call.sent) return
    this.#attribution.abandoned(call)
    this.notify('notifications/cancelled', { requestId: call.id, reason })
  }

  async #post(body: string, what: string): Promise<void> {
    if (this.#ended !== undefined) return
    if (this.#posting >= MAX_POSTING) return this.#skipped.skip(`too many answers at once: ${what}`)
    const headers = this.endpoint.headers(this.#postHeaders)
    this.#posting++
    const outcome = await post(this.endpoint, 'POST', headers, body, NOTIFY_TIMEOUT_MS)
    this.#posting--
    if (typeof outcome === 'number' && outcome < 300) return
    this.#options.log.warn(
      { backend: this.#options.name, what, outcome },
      'Cannot deliver a message to the backend',
    )
  }

  #sessionLost(reason: string) {
    const { name } = this.#options
    return mcpErrors.BACKEND_SESSION_LOST({ backend: name, reason, ran: 'no' })
  }

  /** The backend has forgotten the session: the owner has to open another one. What still runs may end by itself. */
  #lose(reason: string): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    this.#standalone?.close()
    if (this.#handshake) this.#options.events.onClose(reason)
  }
}

/**
 * 404 by the book; SDK servers of 2025 that were restarted answer 400 with `Server not initialized` or `No valid session
 * ID`. Either way the request was not executed.
 */
function isSessionLost(httpStatus: number, message: string | undefined): boolean {
  return (
    httpStatus === 404 || (httpStatus === 400 && /session|not initialized/i.test(message ?? ''))
  )
}

/** Event ids go back in UTF-8 (WHATWG HTML 9.2); headers take bytes as characters of the same value. */
function inUtf8(lastEventId: string): string {
  return Buffer.from(lastEventId, 'utf8').toString('latin1')
}

/** The list changes this server says it announces. */
function announcements(server: ServerDescription): string[] {
  return ['tools', 'prompts', 'resources']
    .filter((kind) => {
      const capability = server.capabilities[kind]
      return isJsonObject(capability) && capability['listChanged'] === true
    })
    .map((kind) => `notifications/${kind}/list_changed`)
}
