import type { JsonObject } from '../../base/json.ts'
import type { Exchange } from './exchange.ts'

/** Writes one message on a pipe that all requests share; false if it is closed. */
export type PipeWrite = (body: readonly Buffer[]) => boolean

/** The answer to one request on a pipe: stdio, or the stream of HTTP+SSE. */
export class PipeExchange implements Exchange {
  readonly answersCancelled: boolean
  source: string | undefined
  readonly #write: PipeWrite
  readonly #respond: PipeWrite
  readonly #onDone: () => void
  #done = false
  onGone: (() => void) | undefined

  /**
   * `respond`: where the response goes if not on the pipe at once: into the array of a batch, which waits for all of
   * them, so that a cancelled request needs one too.
   */
  constructor(write: PipeWrite, onDone: () => void, respond?: PipeWrite) {
    this.#write = write
    this.#onDone = onDone
    this.#respond = respond ?? write
    this.answersCancelled = respond !== undefined
  }

  send(message: JsonObject): boolean {
    return !this.#done && this.#write([Buffer.from(JSON.stringify(message))])
  }

  respond(body: readonly Buffer[]): void {
    if (this.#done) return
    this.#done = true
    this.#respond(body)
    this.#onDone()
  }
}

/** The write function of a batch on a pipe: responses are collected and go out as one array, the rest at once. */
export function batchWrite(write: PipeWrite, expected: number): PipeWrite {
  const collected: (readonly Buffer[])[] = []
  return (body) => {
    collected.push(body)
    return collected.length < expected || write(joined(collected))
  }
}

function joined(bodies: readonly (readonly Buffer[])[]): Buffer[] {
  const chunks: Buffer[] = []
  bodies.forEach((body, i) => chunks.push(i === 0 ? OPEN : COMMA, ...body))
  return [...chunks, CLOSE]
}

const OPEN = Buffer.from('[')
const COMMA = Buffer.from(',')
const CLOSE = Buffer.from(']')
