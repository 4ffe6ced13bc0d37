import type { AppError } from '../../base/errors.ts'

interface Message {
  id?: unknown
  method?: string
  params?: Record<string, unknown>
  result?: unknown
  error?: unknown
}

/** A pipe without a process: what is sent is kept, and the test says what comes. */
export interface MemoryPipe {
  readonly transport: 'stdio'
  readonly unsentBytes: number
  readonly sent: Message[]
  onMessage: (message: Buffer) => void
  onEnd: (error: AppError) => void
  send(body: string): undefined
  /** A message of the peer, as text or as a value. */
  say(message: string | object): void
  close(): Promise<void>
}

/** Answers `initialize` by itself. */
export function createMemoryPipe(): MemoryPipe {
  const pipe: MemoryPipe = {
    transport: 'stdio',
    unsentBytes: 0,
    sent: [],
    onMessage: () => {},
    onEnd: () => {},
    send(body) {
      const message = JSON.parse(body) as Message
      pipe.sent.push(message)
      if (message.method === 'initialize') {
        const result = {
          protocolVersion: '2025-11-25',
          capabilities: {},
          serverInfo: { name: 'memory', version: '1' },
        }
        queueMicrotask(() => pipe.say({ jsonrpc: '2.0', id: message.id, result }))
      }
      return undefined
    },
    say(message) {
      pipe.onMessage(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)))
    },
    close: () => Promise.resolve(),
  }
  return pipe
}
