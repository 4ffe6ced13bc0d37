import type { WorkflowPorts } from '../ports.ts'

/** Counts steps and iterations that are done, and tells the caller. */
export interface ProgressCounter {
  /** The run begins, or goes on: tells how much there is to do. */
  begin(): void
  /** A loop learned how many iterations it has. `restored`: so many of them were done in an earlier life of the run. */
  expect(loop: string, count: number, restored: number): void
  /** A step was done in an earlier life of the run, with so many iterations. */
  restore(iterations: number): void
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
    begin() {
      progress(done, total, done === 0 ? 'started' : 'goes on')
    },
    expect(loop, count, restored) {
      total += count
      done += restored
      progress(done, total, `step "${loop}": ${restored} of ${count}`)
    },
    restore(iterations) {
      total += iterations
      done += 1 + iterations
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
