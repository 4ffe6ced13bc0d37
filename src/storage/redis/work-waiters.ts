import type { Cancellation } from '../../base/cancellation.ts'
import type { WorkEnd } from '../work-queue.ts'

/** How often to look at what is waited for, though nobody said that it is done. */
const LOOK_MS = 1_000

interface Waiter {
  readonly resolve: (end: WorkEnd) => void
  /** `again`: it may have ended while we looked. */
  state: 'idle' | 'looking' | 'again'
}

/** Those who wait for pieces of work; each is waited for by one at most. */
export interface WorkWaiters {
  wait(id: string, cancellation: Cancellation): Promise<WorkEnd>
  /** Somebody said that it ended. */
  readonly look: (id: string) => void
  close(): void
}

/** `look` tells how a piece of work ended; undefined: it has not. */
export function createWorkWaiters(options: {
  readonly look: (id: string) => Promise<WorkEnd | undefined>
  readonly onError: (error: unknown) => void
}): WorkWaiters {
  const waiting = new Map<string, Waiter>()
  let timer: NodeJS.Timeout | undefined

  function look(id: string): void {
    const waiter = waiting.get(id)
    if (waiter === undefined) return
    if (waiter.state === 'idle') void lookNow(id, waiter)
    else waiter.state = 'again'
  }

  async function lookNow(id: string, waiter: Waiter): Promise<void> {
    do {
      waiter.state = 'looking'
      try {
        const end = await options.look(id)
        if (end !== undefined) return waiter.resolve(end)
      } catch (error) {
        // The store is away: look again in a while.
        options.onError(error)
        break
      }
    } while (isWanted(waiter))
    waiter.state = 'idle'
  }

  return {
    look,

    async wait(id, cancellation) {
      const { promise, resolve } = Promise.withResolvers<WorkEnd>()
      waiting.set(id, { resolve, state: 'idle' })
      timer ??= setInterval(() => [...waiting.keys()].forEach(look), LOOK_MS).unref()
      const leave = cancellation.onCancel(() => resolve({ kind: 'left' }))
      look(id)
      try {
        return await promise
      } finally {
        leave()
        waiting.delete(id)
        if (waiting.size === 0) {
          clearInterval(timer)
          timer = undefined
        }
      }
    },

    close() {
      for (const { resolve } of waiting.values()) resolve({ kind: 'left' })
    },
  }
}

function isWanted({ state }: Waiter): boolean {
  return state === 'again'
}
