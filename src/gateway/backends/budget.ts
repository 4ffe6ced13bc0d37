import type { Cancellation } from '../../base/cancellation.ts'
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
  readonly active: number
  readonly waiting: number
}

export interface BudgetOptions {
  readonly backend: string
  /** Asked each time, as a reload may change them. */
  readonly limits: () => { readonly maxCalls: number; readonly maxWaiting: number }
}

interface Waiter {
  readonly admit: () => void
}

export function createBudget({ backend, limits }: BudgetOptions): Budget {
  /** By run, in the order of their turns. */
  const queues = new Map<string, Waiter[]>()
  let active = 0
  let waiting = 0

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
    while (active < maxCalls) {
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
      if (active < maxCalls && waiting === 0) {
        active++
        return undefined
      }
      if (cancellation.cancelled) {
        const reason = cancellation.reason ?? 'cancelled'
        return Promise.reject(mcpErrors.CALL_CANCELLED({ reason, ran: 'no' }))
      }
      if (waiting >= maxWaiting) {
        return Promise.reject(gatewayErrors.BACKEND_BUSY({ backend, waiting, ran: 'no' }))
      }
      const turn = wait(run, cancellation)
      // A reload may have raised the limit since.
      admit()
      return turn
    },
    resume() {
      active++
    },
    leave() {
      active--
      admit()
    },
    get active() {
      return active
    },
    get waiting() {
      return waiting
    },
  }
}
