import { defineErrors } from '../base/errors.ts'

interface StoreProblem {
  /** File of the store, or `memory`. */
  store: string
  reason: string
}

export const storageErrors = defineErrors('STORAGE', {
  CLOSED: {
    fault: 'bug',
    status: 500,
    message: (d: { store: string }) => `Cannot use the store "${d.store}": it is closed`,
  },
  UNAVAILABLE: {
    fault: 'environment',
    status: 503,
    message: (d: StoreProblem) => `Cannot use the store "${d.store}": ${d.reason}`,
    hint: () => 'Check that the folder exists and that this user may write in it',
  },
  LOCKED: {
    fault: 'environment',
    status: 503,
    message: (d: StoreProblem & { waitedMs: number }) =>
      `Cannot use the store "${d.store}": another process kept it locked for ${d.waitedMs} ms`,
    hint: () => 'End the other process, or give each gateway a file of its own',
  },
  FULL: {
    fault: 'environment',
    status: 507,
    message: (d: StoreProblem) => `Cannot write to the store "${d.store}": ${d.reason}`,
    hint: () => 'Free space on that disk; nothing that was written before is lost',
  },
  CORRUPT: {
    fault: 'environment',
    status: 500,
    message: (d: StoreProblem) => `Cannot read the store "${d.store}": ${d.reason}`,
    hint: (d: StoreProblem) =>
      `Move the file away to start with an empty one: mv "${d.store}" "${d.store}.broken"`,
  },
  PROVIDER_NOT_SUPPORTED: {
    fault: 'caller',
    status: 400,
    message: (d: { provider: string }) => `Cannot open a "${d.provider}" store: not supported yet`,
    hint: () => 'Use sessionStorage.provider: memory or sqlite',
  },
})
