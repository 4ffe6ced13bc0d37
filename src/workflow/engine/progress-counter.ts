import type { WorkflowPorts } from '../ports.ts'

/** Counts steps and iterations that are done, and tells the caller. */
export interface ProgressCounter {
  /** A loop learned how many iterations it has. */
  expect(count: number): void
  /** A step was done in an earlier life of the run. */
  restore(): void
  /** A step is done. */
  step(id: string): void
  /** An iteration is done, the so-many-th of its loop. */
  iteration(loop: string, done: number, count: number): void
}

/** Iterations are told at most so often; steps, and the last iteration, always. */
const PAUSE_MS = 100

/** Progress of a run of so many steps. */
export function createProgressCounter(
  steps: number,
  { progress }: Pick<WorkflowPorts, 'progress'>,
): ProgressCounter {
  let total = steps
  let done = 0
  let toldAt = -Infinity
  return {
    expect(count) {
      total += count
    },
    restore() {
      done += 1
    },
    step(id) {
      done += 1
      progress(done, total, `step "${id}" done`)
    },
    iteration(loop, ended, count) {
      done += 1
      const now = performance.now()
      if (now - toldAt < PAUSE_MS && ended < count) return
      toldAt = now
      progress(done, total, `step "${loop}": ${ended} of ${count}`)
    },
  }
}
