/** What starts when: each step the moment its dependencies are done, at most so many at once. Only counts, no time. */
export interface Schedule {
  /** Steps that start now, in order of the file; they run from here on. */
  take(): number[]
  /** A running step is done, whatever came of it. */
  end(step: number): void
  /** Nothing starts any more. */
  stop(): void
  /** Nothing runs, and nothing will start. */
  readonly over: boolean
}

/**
 * The schedule of steps that depend on each other, without cycles. Those that are `done` already (in an earlier life of
 * the run) count as ended. All calls together cost in proportion to steps and dependencies.
 */
export function createSchedule(options: {
  /** For every step the places of the steps it waits for. */
  dependencies: readonly (readonly number[])[]
  maxParallel: number
  done?: (step: number) => boolean
}): Schedule {
  const { dependencies, maxParallel, done = () => false } = options
  const dependents: number[][] = dependencies.map(() => [])
  const missing = dependencies.map((before, step) => {
    for (const one of before) dependents[one]?.push(step)
    return before.length
  })
  const ready: number[] = []
  let running = 0
  let stopped = false
  for (const step of missing.keys()) if (missing[step] === 0 && !done(step)) ready.push(step)
  for (const step of missing.keys()) if (done(step)) release(step)

  return {
    take() {
      if (stopped) return []
      const started = ready.splice(0, maxParallel - running)
      running += started.length
      return started
    },
    end(step) {
      running -= 1
      release(step)
    },
    stop() {
      stopped = true
      ready.length = 0
    },
    get over() {
      return running === 0 && (stopped || ready.length === 0)
    },
  }

  function release(step: number): void {
    for (const dependent of dependents[step]!) {
      missing[dependent]! -= 1
      if (missing[dependent] === 0 && !done(dependent) && !stopped) insert(ready, dependent)
    }
  }
}

/** Keeps the order of the file among what waits for a free place. */
function insert(ready: number[], step: number): void {
  let at = ready.length
  while (at > 0 && ready[at - 1]! > step) at -= 1
  ready.splice(at, 0, step)
}
