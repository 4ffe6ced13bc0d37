import { Cancellation } from '../base/cancellation.ts'
import type { Backend } from '../gateway/backend.ts'
import type { Outcome } from '../gateway/backend-health.ts'
import { outcomeOf } from './around-backend.ts'

/**
 * Asks a backend for a sign of life on the gateway's own connection: `ping`, or `server/discover` where there is no ping
 * (2026-07-28). Any answer will do, an error as well. Never rejects. Undefined where there is no connection: then one is
 * tried now, and what comes of that is told by the gateway.
 */
export async function probeBackend(
  backend: Backend | undefined,
  timeoutMs: number,
): Promise<Outcome | undefined> {
  const connection = backend?.main
  if (connection === undefined) {
    backend?.poke()
    return undefined
  }
  const startMs = performance.now()
  try {
    await connection.request({
      method: connection.era === 'modern' ? 'server/discover' : 'ping',
      capabilities: {},
      wantsProgress: false,
      cancellation: new Cancellation(),
      timeouts: { idleMs: timeoutMs, absoluteMs: timeoutMs },
    })
    return { kind: 'success', durationMs: performance.now() - startMs }
  } catch (error) {
    return outcomeOf(error) ?? { kind: 'failure', category: 'unknown' }
  }
}
