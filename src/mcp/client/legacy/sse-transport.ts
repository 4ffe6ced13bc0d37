import type { HttpRequest, HttpResponse } from '../../../net/http-message.ts'
import type { Principal } from '../../caller.ts'
import { classify } from '../../classify.ts'
import { GATEWAY_OVERLOADED, INVALID_REQUEST, PARSE_ERROR } from '../../rpc-codes.ts'
import { isJsonContent } from '../http/accept.ts'
import { replicaIn } from '../../edge-peers.ts'
import type { EdgeContext } from '../context.ts'
import { answerEmpty, answerError } from '../http/http-answer.ts'
import { LegacyPipe } from './legacy-pipe.ts'
import { NOT_A_MESSAGE } from '../parse-message.ts'
import { SseConnection, toEvent } from '../http/sse-connection.ts'

interface SseClient {
  readonly principal: Principal
  readonly pipe: LegacyPipe
  readonly connection: SseConnection
}

/**
 * HTTP with SSE (2024-11-05): one event stream per client carries everything to it, POSTs to the endpoint it names carry
 * everything from it. The session ends with the stream.
 */
export class SseTransport {
  readonly #context: EdgeContext
  readonly #messagesPath: string
  readonly #draining: () => boolean
  readonly #clients = new Map<string, SseClient>()

  constructor(context: EdgeContext, messagesPath: string, draining: () => boolean) {
    this.#context = context
    this.#messagesPath = messagesPath
    this.#draining = draining
  }

  /** GET: opens the stream; its first event names the endpoint. */
  open(response: HttpResponse, principal: Principal): void {
    if (this.#draining()) {
      const text = 'The server is shutting down'
      answerError(response, 503, GATEWAY_OVERLOADED, text, null, ['Retry-After', '1'])
      return
    }
    const { peers } = this.#context
    const own = this.#context.newId()
    const id = peers === undefined ? own : `${peers.self}_${own}`
    const connection = new SseConnection(this.#context, response)
    const pipe = new LegacyPipe({
      context: this.#context,
      principal,
      write: (body) => {
        connection.write(toEvent(body))
        return connection.open
      },
      headers: response.req.headers,
      source: this.#context.addresses.of(response.req),
      onEnd: () => this.#close(id),
    })
    this.#clients.set(id, { principal, pipe, connection })
    connection.onGone = () => {
      this.#clients.delete(id)
      void pipe.end('the client has closed its stream')
    }
    const endpoint = Buffer.from(`${this.#messagesPath}?sessionId=${encodeURIComponent(id)}`)
    connection.write(toEvent([endpoint], undefined, 'endpoint'))
  }

  /** The replica that holds the stream of a POST, if it is another one. */
  homeOf(request: HttpRequest): string | undefined {
    const { peers } = this.#context
    if (peers === undefined) return undefined
    const home = replicaIn(sessionIdOf(request))
    return home === peers.self ? undefined : home
  }

  /** POST: undefined if the session is unknown or somebody else's (it has been answered), else where the body goes. */
  find(request: HttpRequest, response: HttpResponse, principal: Principal): SseClient | undefined {
    const client = this.#clients.get(sessionIdOf(request))
    if (client?.principal.binding === principal.binding) {
      if (isJsonContent(request.headers['content-type'])) return client
      const text = 'Unsupported media type: Content-Type must be application/json'
      answerError(response, 415, INVALID_REQUEST, text)
      return undefined
    }
    if (client) this.#context.log.warn({}, 'Refused an SSE session of somebody else')
    answerError(response, 404, INVALID_REQUEST, 'Session not found: open the event stream again')
    return undefined
  }

  /** Takes a message; `message` undefined: the body was not JSON. */
  receive(client: SseClient, message: unknown, response: HttpResponse): void {
    if (message === undefined) {
      answerError(response, 400, PARSE_ERROR, `Parse error: ${NOT_A_MESSAGE}`)
      return
    }
    const posted = classify(message)
    if (posted.kind === 'refused') {
      answerError(response, 400, posted.error.code, posted.error.message, posted.id)
    } else if ('era' in posted && posted.era === 'modern') {
      const id = posted.kind === 'request' ? posted.message.id : null
      const text = 'This protocol version is not spoken over HTTP+SSE: use streamable HTTP'
      answerError(response, 400, INVALID_REQUEST, text, id)
    } else {
      answerEmpty(response, 202)
      client.pipe.receive(posted)
    }
  }

  #close(id: string): void {
    const client = this.#clients.get(id)
    if (!client) return
    this.#clients.delete(id)
    client.connection.end()
    void client.pipe.end('the stream was closed')
  }
}

function sessionIdOf(request: HttpRequest): string {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
  return searchParams.get('sessionId') ?? ''
}
