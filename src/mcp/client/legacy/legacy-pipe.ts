import type { IncomingHttpHeaders } from 'node:http'
import type { Principal } from '../../caller.ts'
import { classify } from '../../classify.ts'
import type { Classified } from '../../classify.ts'
import type { ClientSession } from '../../client-session.ts'
import type { RequestId, RpcRequest } from '../../messages.ts'
import { renderError, renderPlain } from '../../render-reply.ts'
import { INVALID_REQUEST } from '../../rpc-codes.ts'
import { VERSIONS } from '../../versions.ts'
import type { EdgeContext } from '../context.ts'
import type { Exchange } from '../exchange.ts'
import { initialize } from './initialize.ts'
import { LegacyPeer } from './legacy-peer.ts'
import { serveLegacyNotification, serveLegacyRequest } from './legacy-requests.ts'
import { batchWrite, PipeExchange } from '../pipe-exchange.ts'
import type { PipeWrite } from '../pipe-exchange.ts'

/** What a legacy client can send; modern messages are for somebody else. */
export type LegacyMessage = Extract<
  Classified,
  { kind: 'request' | 'notification' | 'response' | 'batch' }
>

interface LegacyPipeOptions {
  readonly context: EdgeContext
  readonly principal: Principal
  readonly write: PipeWrite
  /** HTTP+SSE: headers of the request that opened the stream, and the address it came from. */
  readonly headers?: IncomingHttpHeaders
  readonly source?: string | undefined
  /** The gateway has ended the session. */
  readonly onEnd: () => void
}

/**
 * A legacy session whose life is that of its pipe (stdio, HTTP+SSE): begins with `initialize`, ends with the pipe. What
 * comes while the session is being made waits for it.
 */
export class LegacyPipe {
  readonly #options: LegacyPipeOptions
  #peer: LegacyPeer | undefined
  #waiting: LegacyMessage[] | undefined
  #ended = false

  constructor(options: LegacyPipeOptions) {
    this.#options = options
  }

  receive(message: LegacyMessage): void {
    if (this.#ended) return
    if (this.#waiting) {
      // Bounded like a batch: nobody has to send more before the answer to `initialize`.
      if (this.#waiting.length < this.#options.context.limits.maxBatchCount) {
        this.#waiting.push(message)
      } else if (message.kind === 'request') {
        this.#refuse(message.message.id, 'Too many requests before the answer to initialize')
      }
    } else if (this.#peer) this.#serve(this.#peer, message)
    else this.#beforeSession(message)
  }

  /** The pipe is gone, or is to be: ends the session with everything in it. */
  async end(reason: string): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    const peer = this.#peer
    if (!peer) return
    peer.session.inFlight--
    peer.close()
    await this.#endSession(peer.session, reason)
  }

  #beforeSession(message: LegacyMessage): void {
    if (message.kind === 'batch') this.#refuse(null, 'A batch came before initialize')
    if (message.kind !== 'request') return
    const { method, id } = message.message
    if (method === 'initialize') {
      this.#waiting = []
      void this.#initialize(message.message)
    } else if (method === 'ping') this.#options.write([renderPlain(id, {})])
    else this.#refuse(id, `${method} came before initialize`)
  }

  async #initialize(message: RpcRequest): Promise<void> {
    const { context, principal, write, headers, source } = this.#options
    const from = headers && { source, userAgent: headers['user-agent'] }
    const initializing = { place: -1, cancel: () => {} }
    context.activity.began(initializing)
    const outcome = await initialize(context, message, principal, from)
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    if (outcome.kind === 'refused') {
      write([renderError(message.id, outcome.error)])
    } else if (this.#ended) {
      await this.#endSession(outcome.session, 'the client has left')
    } else {
      this.#attach(outcome.session)
      write([renderPlain(message.id, outcome.result)])
    }
    for (const each of waiting) this.receive(each)
    context.activity.ended(initializing)
  }

  #attach(session: ClientSession): void {
    const { context, write, onEnd } = this.#options
    const peer = new LegacyPeer(context, session)
    peer.outlet = {
      send: (message) => write([Buffer.from(JSON.stringify(message))]),
      close: () => {
        this.#ended = true
        onEnd()
      },
    }
    session.channel = peer
    // The open pipe: the session is in use.
    session.inFlight++
    this.#peer = peer
  }

  #serve(peer: LegacyPeer, message: LegacyMessage): void {
    switch (message.kind) {
      case 'request':
        serveLegacyRequest(peer, message.message, this.#exchange(), this.#options.headers)
        this.#touch(peer.session)
        break
      case 'notification':
        void serveLegacyNotification(peer, message.message)
        break
      case 'response':
        void peer.answer(message.message)
        break
      case 'batch':
        this.#serveBatch(peer, message.messages)
        break
    }
  }

  #serveBatch(peer: LegacyPeer, messages: readonly unknown[]): void {
    const { context, write } = this.#options
    const { maxBatchCount } = context.limits
    if (!VERSIONS[peer.session.client.version].batches || messages.length > maxBatchCount) {
      const text = `Batches of up to ${maxBatchCount} messages exist in protocol version 2025-03-26 only`
      this.#refuse(null, text)
      return
    }
    const parts = messages.map((each) => classify(each, undefined, true))
    const expected = parts.filter(({ kind }) => kind === 'request' || kind === 'refused').length
    const collect = batchWrite(write, expected)
    for (const part of parts) {
      if (part.kind === 'request') {
        serveLegacyRequest(peer, part.message, this.#exchange(collect), this.#options.headers)
      } else if (part.kind === 'refused') collect([renderError(part.id, part.error)])
      else if (part.kind !== 'batch') this.#serve(peer, part)
    }
  }

  #exchange(respond?: PipeWrite): Exchange {
    const exchange = new PipeExchange(this.#options.write, () => {}, respond)
    exchange.source = this.#options.source
    return exchange
  }

  /** Refreshes the expiry of the record. */
  #touch(session: ClientSession): void {
    const found = this.#options.context.port.sessions.find(session.id, session.principal)
    if (found instanceof Promise) found.catch(() => {})
  }

  async #endSession(session: ClientSession, reason: string): Promise<void> {
    const { context } = this.#options
    try {
      await context.port.sessions.end(session, reason)
    } catch (thrown) {
      context.log.warn({ err: thrown, session: session.id }, 'Could not end a session')
    }
  }

  #refuse(id: RequestId | null, message: string): void {
    this.#options.write([renderError(id, { code: INVALID_REQUEST, message })])
  }
}
