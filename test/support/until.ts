import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again until the answer is not undefined; fails with `what` after `timeoutMs`. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 5000,
): Promise<T> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > end) throw new Error(`Waited ${timeoutMs} ms in vain for: ${what}`)
    await sleep(25)
  }
}
