import type { MessageBus } from './message-bus.ts'

type Handler = Parameters<MessageBus['subscribe']>[1]

/** Who listens to which channel in this process. */
export interface Subscribers {
  add(channel: string, handler: Handler): void
  /** True if it was the last one of the channel. */
  remove(channel: string, handler: Handler): boolean
  has(channel: string): boolean
  deliver(channel: string, text: string): void
  clear(): void
}

export function createSubscribers(onError: (error: unknown) => void): Subscribers {
  const handlers = new Map<string, Set<Handler>>()

  return {
    add(channel, handler) {
      const known = handlers.get(channel)
      if (known === undefined) handlers.set(channel, new Set([handler]))
      else known.add(handler)
    },
    remove(channel, handler) {
      const known = handlers.get(channel)
      if (known === undefined || !known.delete(handler) || known.size > 0) return false
      return handlers.delete(channel)
    },
    has: (channel) => handlers.has(channel),
    deliver(channel, text) {
      for (const handler of [...(handlers.get(channel) ?? [])]) {
        try {
          handler(text)
        } catch (error) {
          onError(error)
        }
      }
    },
    clear: () => handlers.clear(),
  }
}
