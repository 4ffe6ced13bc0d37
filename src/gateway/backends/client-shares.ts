import type { Call } from '../../mcp/call.ts'
import { clientOf } from '../../mcp/client-of.ts'
import { mcpErrors } from '../../mcp/errors.ts'
import { gatewayErrors } from '../errors.ts'

/**
 * How many calls each client gets at one backend at once: who leaves hundreds of calls hanging there waits for itself, while
 * the connections that the backend has beyond one client's share stay free for others.
 */
export interface ClientShares {
  /**
   * Makes the call when its client has a place. Rejects with MCP_CALL_CANCELLED, or GATEWAY_CLIENT_BUSY if too many calls
   * of the client wait already.
   */
  within<Result>(call: Call, make: () => Promise<Result>): Promise<Result>
  /** Forgets clients that have no call here. */
  sweep(): void
  /** Clients that are remembered. */
  readonly size: number
}

export interface ClientSharesOptions {
  readonly backend: string
  /** Asked each time, as a reload may change them. */
  readonly limits: () => { readonly maxCalls: number; readonly maxWaiting: number }
}

interface Share {
  active: number
  /** Those who wait for a place, in their order. */
  waiting: (() => void)[] | undefined
}

export function createClientShares({ backend, limits }: ClientSharesOptions): ClientShares {
  // Kept until the next sweep, not from call to call (docs/decisions/009).
  const shares = new Map<string, Share>()

  function shareOf(call: Call): Share {
    const client = clientOf(call)
    let share = shares.get(client)
    if (share === undefined) shares.set(client, (share = { active: 0, waiting: undefined }))
    return share
  }

  function place(share: Share, { cancellation }: Call): Promise<void> {
    const waiting = (share.waiting ??= [])
    return new Promise((resolve, reject) => {
      if (cancellation.cancelled) {
        const reason = cancellation.reason ?? 'cancelled'
        reject(mcpErrors.CALL_CANCELLED({ reason, ran: 'no' }))
        return
      }
      if (waiting.length >= limits().maxWaiting) {
        reject(gatewayErrors.CLIENT_BUSY({ backend, waiting: waiting.length, ran: 'no' }))
        return
      }
      const admit = (): void => {
        unlink()
        resolve()
      }
      waiting.push(admit)
      const unlink = cancellation.onCancel((reason) => {
        const at = waiting.indexOf(admit)
        if (at >= 0) waiting.splice(at, 1)
        reject(mcpErrors.CALL_CANCELLED({ reason, ran: 'no' }))
      })
    })
  }

  function leave(share: Share): void {
    share.active--
    const { waiting } = share
    while (waiting !== undefined && waiting.length > 0 && share.active < limits().maxCalls) {
      share.active++
      waiting.shift()?.()
    }
  }

  return {
    async within(call, make) {
      const share = shareOf(call)
      if (share.active < limits().maxCalls) share.active++
      else await place(share, call)
      try {
        return await make()
      } finally {
        leave(share)
      }
    },
    sweep() {
      for (const [client, share] of shares) if (share.active === 0) shares.delete(client)
    },
    get size() {
      return shares.size
    },
  }
}
