import type { AppError } from '../../../base/errors.ts'
import type { JsonObject } from '../../../base/json.ts'
import type {
  BackendConnection,
  BackendRequest,
  BackendTransport,
} from '../../backend-connection.ts'
import { mcpErrors } from '../../errors.ts'
import type { ServerDescription } from '../../messages.ts'
import { scanResponse } from '../../raw-response.ts'
import type { Reply } from '../../reply.ts'
import type { ProtocolVersion } from '../../versions.ts'
import { decodeMessage, showId, splitBatch } from '../answer.ts'
import type { Incoming } from '../answer.ts'
import { failByBadAnswer } from '../bad-answer.ts'
import type { ConnectOptions } from '../connect-options.ts'
import { DEFAULT_MAX_MESSAGE_BYTES } from '../connect-options.ts'
import { AskingHabits } from './asking-habits.ts'
import { Attribution } from './attribution.ts'
import { initializeRequest, readInitialize } from './handshake.ts'
import type { Handshake } from './handshake.ts'
import { routeLegacyMessage } from './legacy-inbound.ts'
import type { MessagePipe } from '../message-pipe.ts'
import type { PendingCall } from '../pending-call.ts'
import { PendingTable } from '../pending-table.ts'
import { Questions } from './questions.ts'
import { legacyBody, notificationBody } from '../request-body.ts'
import { SkipLog } from '../stdio/skip-log.ts'

/** Opens the conversation of the legacy revisions over a pipe. Closes the pipe if it fails. */
export async function connectLegacyDuplex(
  pipe: MessagePipe,
  options: ConnectOptions,
): Promise<BackendConnection> {
  const connection = new LegacyDuplex(pipe, options)
  try {
    const reply = await connection.request(initializeRequest(options))
    await connection.begin(readInitialize(options.name, reply))
    return connection
  } catch (error) {
    await connection.close()
    throw error
  }
}

class LegacyDuplex implements BackendConnection {
  readonly era = 'legacy'
  readonly transport: BackendTransport
  readonly name: string
  readonly #pipe: MessagePipe
  readonly #options: ConnectOptions
  readonly #calls: PendingTable
  readonly #skipped: SkipLog
  readonly #attribution: Attribution
  readonly #questions: Questions
  #handshake: Handshake | undefined
  #closed = false

  constructor(pipe: MessagePipe, options: ConnectOptions) {
    this.name = options.name
    this.transport = pipe.transport
    this.#pipe = pipe
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
      send: (body) => void pipe.send(body),
      attribution: this.#attribution,
    })
    pipe.onMessage = (bytes) => this.#receive(bytes)
    pipe.onEnd = (error) => this.#ended(error)
  }

  async begin(handshake: Handshake): Promise<void> {
    this.#handshake = handshake
    await this.#pipe.send(notificationBody('notifications/initialized'))
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
    const refused = this.#calls.refusal(this.#pipe, this.#maxUnsentBytes)
    if (refused) return Promise.reject(refused)
    const call = this.#calls.open(request)
    const turn = call.settled ? undefined : this.#attribution.take(call)
    if (turn) void turn.then(() => this.#send(call))
    else this.#send(call)
    return call.promise
  }

  #send(call: PendingCall): void {
    if (call.settled) return
    call.seen()
    call.sent = true
    void this.#pipe.send(legacyBody(call.id, call.request), call)
  }

  notify(method: string, params?: JsonObject): void {
    void this.#pipe.send(notificationBody(method, params))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#questions.close()
    this.#calls.end(
      mcpErrors.BACKEND_GONE({
        backend: this.name,
        reason: 'the connection was closed',
        ran: 'unknown',
      }),
    )
    await this.#pipe.close()
  }

  get #maxUnsentBytes(): number {
    return this.#options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES
  }

  #cancel(call: PendingCall, reason: string): void {
    if (call.request.method === 'initialize' || !call.sent) return
    this.#attribution.abandoned(call)
    this.notify('notifications/cancelled', { requestId: call.id, reason })
  }

  #receive(bytes: Buffer): void {
    const scanned = scanResponse(bytes)
    if (typeof scanned === 'object') {
      const call = this.#calls.byId(scanned.id)
      if (call) return call.resolve({ kind: 'raw', response: scanned })
      this.#attribution.answeredLate(scanned.id)
      return this.#skipped.skip(`it answers the unknown or answered request ${showId(scanned.id)}`)
    }
    if (scanned !== undefined) return this.#handle(decodeMessage(bytes), bytes)
    const batch = splitBatch(bytes)
    if (!batch) return this.#skip('it is not a JSON-RPC message', bytes)
    for (const each of batch) this.#receive(each)
  }

  #handle(message: Incoming, bytes: Buffer): void {
    switch (message.kind) {
      case 'error': {
        const call = this.#calls.byId(message.id)
        if (call) return call.resolve({ kind: 'error', error: message.error })
        this.#attribution.answeredLate(message.id)
        return this.#skipped.skip(
          `it answers the unknown or answered request ${showId(message.id)}`,
        )
      }
      case 'message':
        return routeLegacyMessage(
          {
            events: this.#options.events,
            questions: this.#questions,
            byToken: (token) => this.#calls.byId(token),
            speaker: () => this.#attribution.speaker(),
          },
          message,
          this.#calls.callOfTask(message.params),
        )
      case 'broken':
        return this.#skip(message.reason, bytes)
    }
  }

  #skip(reason: string, bytes: Buffer): void {
    if (!failByBadAnswer(this.#calls, bytes)) this.#skipped.skip(reason, bytes)
  }

  #ended(error: AppError): void {
    this.#questions.close()
    this.#calls.end(error)
    if (this.#handshake && !this.#closed) this.#options.events.onClose(error.message)
  }
}
