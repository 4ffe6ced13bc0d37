import type { BackendConfig, OperationalConfig } from './config.ts'

/** What a command can do at once is what one process can. */
const MAX_CALLS = { http: 64, stdio: 16 }

/** How many calls of runs a backend gets at once, and how many may wait: its own limit, else that of all, else the usual. */
export function callLimits(
  { concurrency }: Pick<OperationalConfig, 'concurrency'>,
  { name, target }: Pick<BackendConfig, 'name' | 'target'>,
): { maxCalls: number; maxWaiting: number } {
  const { perBackend, perWorkload, maxWaiting } = concurrency
  const own = Object.hasOwn(perWorkload, name) ? perWorkload[name] : undefined
  return { maxCalls: own ?? perBackend ?? MAX_CALLS[target.kind], maxWaiting }
}

/** How many calls of one client an HTTP backend gets at once, and how many may wait. */
export function clientLimits({ concurrency }: Pick<OperationalConfig, 'concurrency'>): {
  maxCalls: number
  maxWaiting: number
} {
  return { maxCalls: concurrency.perClient, maxWaiting: concurrency.maxWaiting }
}
