import type { Cancellation } from '../../base/cancellation.ts'
import type { Permits, SharedPermits } from '../../cluster/shared-permits.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import { gatewayErrors } from '../errors.ts'

/**
 * How many calls of runs one backend gets at once, whoever makes them: fifty-fold loops of several callers do not crush one
 * server. Runs take turns, so that a long loop does not keep a short run waiting until its end.
 */
export interface Budget {
  /**
   * Undefined: go at once. Else it resolves when it is the run's turn; rejects with MCP_CALL_CANCELLED, or
   * GATEWAY_BACKEND_BUSY if too many wait. Whoever was let in has to `leave`.
   */
  enter(run: string, cancellation: Cancellation): Promise<void> | undefined
  /** Comes back after having left in the middle of a call that the backend is busy with: never waits. */
  resume(): void
  leave(): void
  /** Whoever waits does so until it is cancelled; nothing is held for others any more. */
  close(): void
  readonly active: number
  readonly waiting: number
}

export interface BudgetOptions {
  readonly backend: string
  /** Asked each time, as a reload may change them. */
  readonly limits: () => { readonly maxCalls: number; readonly maxWaiting: number }
  /** Counts over all replicas; undefined: each counts its own. */
  readonly permits?: SharedPermits | undefined
}

interface Waiter {
  readonly admit: () => void
}

export function createBudget(options: BudgetOptions): Budget {
  const { backend, limits } = options
  /** By run, in the order of their turns. */
  const queues = new Map<string, Waiter[]>()
  let active = 0
  let waiting = 0
  const permits: Permits | undefined = options.permits?.open(backend, {
    limit: () => limits().maxCalls,
    active: () => active,
    waiting: () => waiting,
    onGranted: () => admit(),
  })

  function room(maxCalls: number): number {
    return permits === undefined ? maxCalls : Math.min(maxCalls, permits.granted)
  }

  function wait(run: string, cancellation: Cancellation): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        admit() {
          unlink()
          resolve()
        },
      }
      const queue = queues.get(run)
      if (queue === undefined) queues.set(run, [waiter])
      else queue.push(waiter)
      waiting++
      const unlink = cancellation.onCancel((reason) => {
        forget(run, waiter)
        reject(mcpErrors.CALL_CANCELLED({ reason, ran: 'no' }))
      })
    })
  }

  function forget(run: string, waiter: Waiter): void {
    const queue = queues.get(run)
    const at = queue?.indexOf(waiter) ?? -1
    if (queue === undefined || at < 0) return
    queue.splice(at, 1)
    waiting--
    if (queue.length === 0) queues.delete(run)
  }

  /** Lets in whoever is next: one of each run, then the next of each. */
  function admit(): void {
    const { maxCalls } = limits()
    while (active < room(maxCalls)) {
      const [next] = queues
      if (next === undefined) return
      const [run, queue] = next
      const waiter = queue.shift()
      queues.delete(run)
      if (queue.length > 0) queues.set(run, queue)
      if (waiter === undefined) continue
      waiting--
      active++
      waiter.admit()
    }
  }

  return {
    enter(run, cancellation) {
      const { maxCalls, maxWaiting } = limits()
      if (cancellation.cancelled) {
        const reason = cancellation.reason ?? 'cancelled'
        return Promise.reject(mcpErrors.CALL_CANCELLED({ reason, ran: 'no' }))
      }
      if (waiting === 0 && active < room(maxCalls)) {
        active++
        return undefined
      }
      // Who waits for nothing but a word of the others is not one too many.
      if (waiting >= maxWaiting + Math.max(0, maxCalls - active)) {
        return Promise.reject(gatewayErrors.BACKEND_BUSY({ backend, waiting, ran: 'no' }))
      }
      const turn = wait(run, cancellation)
      // A reload may have raised the limit since.
      admit()
      permits?.changed()
      return turn
    },
    resume() {
      active++
    },
    leave() {
      active--
      permits?.changed()
      admit()
    },
    close: () => permits?.close(),
    get active() {
      return active
    },
    get waiting() {
      return waiting
    },
  }
}
