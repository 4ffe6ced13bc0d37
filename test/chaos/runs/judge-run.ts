import { lastSeen, nameOf, parallelOf, placesOf, type Care, type Shape } from './composites.ts'

/** A run as `GET /api/workflows/{id}` tells of it: what is looked at. */
export interface RunSeen {
  readonly id: string
  readonly status: string
  readonly error?: string
  readonly failure?: {
    readonly step?: string
    readonly iteration?: number
    readonly unknown?: readonly { readonly step: string; readonly iteration?: number }[]
  }
  readonly output?: { readonly seen?: number }
  readonly steps: readonly {
    readonly step: string
    readonly status: string
    readonly iterations?: { readonly completed: number }
  }[]
}

/** What is known of a run whose gateway was killed, and that ended in a later process. */
export interface Killed {
  readonly shape: Shape
  readonly care: Care
  /** How often each of its effects happened, by place. */
  readonly counts: ReadonlyMap<string, number>
  /** Places whose request had arrived when the gateway was killed, and whose answer had not been sent. */
  readonly unanswered: ReadonlySet<string>
  /** Places whose answer was sent so late that the gateway may have died before it wrote it down. */
  readonly late: ReadonlySet<string>
  readonly seen: RunSeen
}

/**
 * What is wrong with how a killed run ended; nothing, if every effect happened exactly once or is reported as unknown. Calls
 * that may be made again always lead to the end, and only the interrupted ones are made twice.
 */
export function complaintsAbout(killed: Killed): string[] {
  const { seen, shape, care } = killed
  const complaints = care === 'again' ? judgeAgain(killed) : judgeOnce(killed)
  if (seen.status === 'completed') complaints.push(...judgeCompleted(killed))
  return complaints.map((complaint) => `${nameOf(shape, care)} ${seen.id}: ${complaint}`)
}

function judgeCompleted({ shape, counts, seen }: Killed): string[] {
  const missing = placesOf(shape).filter((place) => !counts.has(place))
  const complaints = missing.map((place) => `completed without ${place}`)
  if (seen.output?.seen !== lastSeen(shape)) {
    complaints.push(`lost results of steps: ${JSON.stringify(seen.output)}`)
  }
  return complaints
}

function judgeAgain({ shape, counts, unanswered, late, seen }: Killed): string[] {
  const complaints = seen.status === 'completed' ? [] : [`is ${seen.status}: ${seen.error}`]
  const repeated = [...counts].filter(([, count]) => count > 1)
  for (const [place, count] of repeated) {
    const atMost = unanswered.has(place) || late.has(place) ? 2 : 1
    if (count > atMost) complaints.push(`${place} happened ${count} times`)
  }
  const answered = repeated.filter(([place]) => !unanswered.has(place))
  if (answered.length > parallelOf(shape)) complaints.push(`did ${answered.length} calls again`)
  return complaints
}

function judgeOnce({ shape, counts, unanswered, late, seen }: Killed): string[] {
  const twice = [...counts].filter(([, count]) => count > 1)
  const complaints = twice.map(([place, count]) => `${place} happened ${count} times`)
  if (seen.status === 'completed') {
    for (const place of unanswered) complaints.push(`completed, with ${place} unanswered`)
    return complaints
  }
  if (seen.status !== 'outcome_unknown') return [...complaints, `is ${seen.status}: ${seen.error}`]
  const unknown = unknownOf(seen)
  if (!unknown.has(named(seen.failure ?? {}))) complaints.push(`names another step: ${seen.error}`)
  if (unknown.size > parallelOf(shape)) complaints.push(`knows nothing of ${[...unknown].join()}`)
  for (const place of unknown) {
    const mayBe = unanswered.has(place) || late.has(place) || !counts.has(place)
    if (!mayBe) complaints.push(`does not know ${place}, which was answered long ago`)
  }
  for (const place of unanswered) {
    if (!unknown.has(place)) complaints.push(`does not tell that ${place} is unknown`)
  }
  const done = [...counts.keys()].filter((place) => !unknown.has(place))
  return [...complaints, ...judgeDone(seen, done)]
}

/** What happened and is not unknown must be told as completed, and nothing else. */
function judgeDone({ steps }: RunSeen, done: readonly string[]): string[] {
  const complaints: string[] = []
  for (const { step, status, iterations } of steps) {
    if (iterations !== undefined) {
      const count = done.filter((place) => place.startsWith(`${step}/`)).length
      if (iterations.completed !== count) {
        complaints.push(`tells of ${iterations.completed} iterations instead of ${count}`)
      }
    } else if ((status === 'completed') !== done.includes(step)) {
      complaints.push(`tells that ${step} is ${status}`)
    }
  }
  return complaints
}

function unknownOf({ failure }: RunSeen): Set<string> {
  return new Set(failure?.unknown?.map(named))
}

function named({ step = 'nothing', iteration }: { step?: string; iteration?: number }): string {
  return iteration === undefined ? step : `${step}/${iteration}`
}
