import type { Readable, Writable } from 'node:stream'
import { LineSplitter } from '../../net/line-splitter.ts'
import type { Principal } from '../caller.ts'
import { classify } from '../classify.ts'
import type { RequestId, RpcRequest } from '../messages.ts'
import { renderError } from '../render-reply.ts'
import { INVALID_REQUEST, PARSE_ERROR } from '../rpc-codes.ts'
import { stopTickers } from './context.ts'
import type { EdgeContext } from './context.ts'
import { LegacyPipe } from './legacy/legacy-pipe.ts'
import { ModernPipe } from './modern/modern-pipe.ts'
import { NOT_A_MESSAGE, parseMessage } from './parse-message.ts'
import { onOneLine } from './http/sse-connection.ts'

interface StdioOptions {
  readonly principal: Principal
  readonly input: Readable
  readonly output: Writable
  readonly graceMs: number
}

/** Reads lines, tells the eras apart message by message, writes lines. */
export class StdioConversation {
  readonly #context: EdgeContext
  readonly #options: StdioOptions
  readonly #legacy: LegacyPipe
  readonly #modern: ModernPipe
  readonly #inputEnded: Promise<void>
  #endInput = (): void => {}
  #open = true

  constructor(context: EdgeContext, options: StdioOptions) {
    this.#context = context
    this.#options = options
    const { principal } = options
    const write = (body: readonly Buffer[]): boolean => this.#write(body)
    this.#legacy = new LegacyPipe({ context, principal, write, onEnd: () => this.#endInput() })
    this.#modern = new ModernPipe(context, principal, write)
    this.#inputEnded = new Promise((resolve) => {
      this.#endInput = resolve
    })
  }

  /** Resolves at the end of the conversation. */
  async run(): Promise<void> {
    const { input, output, graceMs } = this.#options
    const splitter = new LineSplitter({
      maxBytes: this.#context.limits.maxLineBytes,
      onLine: (line) => this.#receive(line),
      onTooLong: (lengthBytes) => this.#refuseLine(lengthBytes),
    })
    const onData = (chunk: Buffer): void => splitter.push(chunk)
    const onEnd = (): void => {
      splitter.end()
      this.#endInput()
    }
    const onBroken = (): void => this.#endInput()
    input.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken)
    output.on('error', onBroken)
    await this.#inputEnded
    input.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken)
    await this.#context.activity.idle(graceMs)
    await this.#finish('the input has ended')
    output.off('error', onBroken)
  }

  /** Waits for calls in flight, then closes. */
  async drain(graceMs: number): Promise<void> {
    await this.#context.activity.idle(graceMs)
    await this.close()
  }

  async close(): Promise<void> {
    this.#context.activity.cancelAll('the server is shutting down')
    this.#endInput()
    await this.#finish('the server is shutting down')
  }

  async #finish(reason: string): Promise<void> {
    this.#context.activity.cancelAll(reason)
    this.#modern.end()
    await this.#legacy.end(reason)
    stopTickers(this.#context)
    if (!this.#open) return
    this.#open = false
    const { output } = this.#options
    if (output.writableLength > 0 && !output.destroyed) {
      await new Promise<void>((resolve) => {
        output.write('', () => resolve())
      })
    }
  }

  #receive(line: Buffer): void {
    if (line.length === 0) return
    const message = parseMessage(line)
    if (message === undefined) {
      this.#refuse(null, PARSE_ERROR, `Parse error: ${NOT_A_MESSAGE}`)
      return
    }
    const received = classify(message)
    if (received.kind === 'refused') {
      this.#write([renderError(received.id, received.error)])
    } else if (!('era' in received)) this.#legacy.receive(received)
    else if (received.kind === 'notification') {
      // A cancellation names its request, of whatever era; `_meta` is optional in notifications.
      if (!this.#modern.notified(received.message)) this.#legacy.receive(received)
    } else if (received.era === 'modern') this.#request(received.message)
    else if (this.#modern.has(received.message.id)) this.#refuseDuplicate(received.message.id)
    else this.#legacy.receive(received)
  }

  #request(message: RpcRequest): void {
    if (this.#modern.has(message.id)) this.#refuseDuplicate(message.id)
    else this.#modern.request(message)
  }

  #refuseDuplicate(id: RequestId): void {
    const text = `Request id ${JSON.stringify(id)} is in flight already`
    this.#refuse(id, INVALID_REQUEST, text)
  }

  #refuseLine(lengthBytes: number): void {
    const { maxLineBytes } = this.#context.limits
    const text = `A line of ${lengthBytes} bytes is longer than ${maxLineBytes}`
    this.#refuse(null, PARSE_ERROR, text)
    this.#endInput()
  }

  #refuse(id: RequestId | null, code: number, message: string): void {
    this.#write([renderError(id, { code, message })])
  }

  /** One message, one line. Input waits while the other end does not read. */
  #write(body: readonly Buffer[]): boolean {
    const { input, output } = this.#options
    if (!this.#open || output.destroyed) return false
    if (!output.write(Buffer.concat([...body.map(onOneLine), LF])) && !input.isPaused()) {
      input.pause()
      output.once('drain', () => input.resume())
    }
    return true
  }
}

const LF = Buffer.from('\n')
