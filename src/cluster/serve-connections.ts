import { Cancellation } from '../base/cancellation.ts'
import type { NewId } from '../base/ids.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { parseJson } from '../base/parse-json.ts'
import { textOf } from '../base/text-of.ts'
import type { BackendConnection, BackendRequest } from '../mcp/backend-connection.ts'
import type { InputRequest } from '../mcp/messages.ts'
import type { Reply } from '../mcp/reply.ts'
import { CONNECTION_PATHS } from './connection-paths.ts'
import { clusterErrors } from './errors.ts'
import { errorFromJson, errorToJson } from './link/error-frame.ts'
import { jsonFrame, toFrame } from './link/frames.ts'
import { answerLink, type LinkHandler, type LinkRequest } from './link/link-server.ts'
import type { Place } from './owner.ts'
import { LossTellingConnection } from './loss-telling-connection.ts'
import { RemoteConnection } from './remote-connection.ts'

export interface ServeConnectionsOptions {
  /** Opens the connection of a place if need be, and keeps it while it is used. Undefined: no such client or backend. */
  readonly use: UseConnection
  /** This replica is about to end: others have to go on without it. */
  readonly isLeaving: () => boolean
  readonly selfId: string
  readonly newId: NewId
}

export type UseConnection = <Result>(
  place: Place,
  run: (connection: BackendConnection | undefined) => Promise<Result>,
) => Promise<Result>

interface Running {
  answer(number: number, outcome: JsonObject | Error): void
}

/** A call may be silent for long; the replica that makes it is not. */
export const SIGN_MS = 2_000
const SIGN_OF_LIFE = jsonFrame('k', 0)

export interface ServedConnections {
  /** By path. */
  readonly handlers: ReadonlyMap<string, LinkHandler>
  /** Resolves when no call of another replica is under way here. */
  idle(): Promise<void>
}

/** Lets other replicas use the connections of this one. */
export function serveConnections(options: ServeConnectionsOptions): ServedConnections {
  const running = new Map<string, Running>()
  /** Until their answers are out. */
  const unanswered = new Set<Promise<unknown>>()

  async function withOwn<Result>(
    body: JsonObject,
    run: (connection: BackendConnection) => Promise<Result>,
    from?: string,
  ): Promise<Result> {
    const place = readPlace(body)
    const notOurs = clusterErrors.NOT_OWNER({
      replica: options.selfId,
      backend: textOf(body['backend']),
    })
    if (place === undefined || options.isLeaving()) throw notOurs
    let hadFrom: RemoteConnection | undefined
    const result = await options.use(place, async (connection) => {
      const remote = connection && remoteOf(connection)
      if (remote !== undefined && remote.holder === from) {
        hadFrom = remote
        return undefined
      }
      // One hop is all there is: whoever has it now is in the record.
      if (connection === undefined || remote !== undefined) throw notOurs
      return { of: await run(connection) }
    })
    if (result !== undefined) return result.of
    // Whoever asks us for what we had there has it no more: it leaves.
    hadFrom?.letGo()
    return withOwn(body, run)
  }

  async function open({ body, from, response }: LinkRequest): Promise<void> {
    try {
      const described = await withOwn(
        readBody(body),
        async ({ era, version, server, transport }) => ({ era, version, server, transport }),
        from,
      )
      answerLink(response, 200, described)
    } catch (error) {
      answerLink(response, 200, { error: errorToJson(error) })
    }
  }

  async function request({ body, response }: LinkRequest): Promise<void> {
    const id = options.newId()
    const cancellation = new Cancellation()
    const questions = new Map<number, PromiseWithResolvers<JsonObject>>()
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    response.write(jsonFrame('i', id))
    const signs = setInterval(() => response.write(SIGN_OF_LIFE), SIGN_MS).unref()
    const closed = Promise.withResolvers<void>()
    unanswered.add(closed.promise)
    response.on('close', () => {
      closed.resolve()
      unanswered.delete(closed.promise)
      clearInterval(signs)
      cancellation.cancel('the replica that asked has gone')
      for (const question of questions.values()) {
        question.reject(new Error('the replica that asked has gone'))
      }
    })
    running.set(id, {
      answer(number, outcome) {
        const question = questions.get(number)
        questions.delete(number)
        if (outcome instanceof Error) question?.reject(outcome)
        else question?.resolve(outcome)
      },
    })
    let last: Buffer
    try {
      const value = readBody(body)
      const asked = fromWire(value['request'], cancellation, {
        notify: (method, params) => response.write(jsonFrame('n', { method, params })),
        pause: (retryMs) => response.write(jsonFrame('p', retryMs)),
        ask(question) {
          const number = ++lastNumber
          const waiting = Promise.withResolvers<JsonObject>()
          questions.set(number, waiting)
          response.write(jsonFrame('q', { number, question }))
          return waiting.promise
        },
      })
      const reply = await withOwn(value, (connection) => connection.request(asked))
      last = replyFrame(reply)
    } catch (error) {
      last = jsonFrame('e', errorToJson(error))
    } finally {
      running.delete(id)
    }
    response.end(last)
  }
  let lastNumber = 0

  function answer({ body, response }: LinkRequest): void {
    const { call, number, result, error } = readBody(body)
    const outcome = isJsonObject(result) ? result : errorFromJson(error)
    running.get(textOf(call))?.answer(Number(number), outcome)
    answerLink(response, 200, {})
  }

  async function notify({ body, response }: LinkRequest): Promise<void> {
    const value = readBody(body)
    try {
      const { method, params } = value
      await withOwn(value, async (connection) =>
        connection.notify(textOf(method), isJsonObject(params) ? params : {}),
      )
    } finally {
      answerLink(response, 200, {})
    }
  }

  return {
    handlers: new Map<string, LinkHandler>([
      [CONNECTION_PATHS.open, open],
      [CONNECTION_PATHS.request, request],
      [CONNECTION_PATHS.answer, answer],
      [CONNECTION_PATHS.notify, notify],
    ]),
    async idle() {
      while (unanswered.size > 0) await Promise.all(unanswered)
    },
  }
}

function remoteOf(connection: BackendConnection): RemoteConnection | undefined {
  const inner = connection instanceof LossTellingConnection ? connection.inner : connection
  return inner instanceof RemoteConnection ? inner : undefined
}

function readBody(body: Buffer): JsonObject {
  const value = parseJson(body.toString('utf8'))
  return isJsonObject(value) ? value : {}
}

function readPlace({ owner, backend }: JsonObject): Place | undefined {
  if (!isJsonObject(owner) || typeof backend !== 'string') return undefined
  const { kind, id, principal } = owner
  if (!isJsonObject(principal) || typeof principal['binding'] !== 'string') return undefined
  if (kind !== 'principal' && typeof id !== 'string') return undefined
  return { owner: owner as unknown as Place['owner'], backend }
}

interface Events {
  notify(method: string, params: JsonObject): void
  pause(retryMs: number): void
  ask(question: InputRequest): Promise<JsonObject>
}

function fromWire(value: unknown, cancellation: Cancellation, events: Events): BackendRequest {
  const { asks, hears, pauses, ...rest } = isJsonObject(value) ? value : {}
  return {
    ...(rest as unknown as BackendRequest),
    cancellation,
    ...(asks === true ? { onQuestion: events.ask } : {}),
    ...(hears === true ? { onNotification: events.notify } : {}),
    ...(pauses === true ? { onStreamPaused: events.pause } : {}),
  }
}

function replyFrame(reply: Reply): Buffer {
  return reply.kind === 'raw' ? toFrame('r', reply.response.bytes) : jsonFrame('v', reply)
}
