import { setTimeout as sleep } from 'node:timers/promises'

/** Calls `probe` every 50 ms until it gives a value; after `timeoutMs` throws with what `describe` says. */
export async function waitFor<Value>(
  probe: () => Promise<Value | undefined> | Value | undefined,
  timeoutMs: number,
  describe: () => string,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs
  while (performance.now() < deadline) {
    const value = await probe()
    if (value !== undefined) return value
    await sleep(50)
  }
  throw new Error(`Nothing after ${timeoutMs} ms: ${describe()}`)
}

/** The response once `url` answers 200; connections that fail count as "not yet". */
export function waitForHttp(
  url: string,
  timeoutMs: number,
  describe: () => string,
): Promise<Response> {
  return waitFor(
    async () => {
      const response = await fetch(url).catch(() => undefined)
      return response?.status === 200 ? response : undefined
    },
    timeoutMs,
    () => `${url}; ${describe()}`,
  )
}
