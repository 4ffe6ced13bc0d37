/** Ends a subscription: after it resolved the handler is not called again. May be called twice. */
export type Unsubscribe = () => Promise<void>

/**
 * Tells all who listen to a channel, in this process and in others that share the store: invalidations, wake-ups. At most
 * once: who is not listening, or is cut off, misses it, so a message says "look", never what must not be lost. Rejects with
 * an AppError of `storage/errors.ts`. The implementations pass `testing/message-bus.testsuite.ts`.
 */
export interface MessageBus {
  /** Resolves when the message is on its way. */
  publish(channel: string, text: string): Promise<void>
  /**
   * Calls the handler for each message published from now on, also by this bus, in the order of publishing per publisher.
   * Resolves when it listens. A handler that throws ends nothing; the error goes to the `onError` of the bus.
   */
  subscribe(channel: string, handler: (text: string) => void): Promise<Unsubscribe>
  /** Ends all subscriptions. Every later operation rejects with STORAGE_CLOSED. May be called twice. */
  close(): Promise<void>
}
