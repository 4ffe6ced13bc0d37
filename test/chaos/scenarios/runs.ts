import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../support/until.ts'
import type { Ground } from '../support/ground.ts'
import type { Play, Scenario } from '../support/run-scenario.ts'
import { fetchApi } from '../../support/api-key.ts'

/** Most of a run is a step that may be repeated, so that most runs that a kill interrupts can go on. */
const CHAIN = {
  name: 'chain',
  description: 'Writes, looks for a while, writes',
  parameters: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
  steps: [
    { id: 'before', tool: 'shop_write', arguments: { id: '{{.params.id}}-before' } },
    { id: 'look', tool: 'shop_look', arguments: { ms: 1500 }, dependsOn: ['before'] },
    {
      id: 'after',
      tool: 'shop_write',
      arguments: { id: '{{.params.id}}-after' },
      dependsOn: ['look'],
    },
  ],
}
const RUNS_AT_ONCE = 12
const END_WITHIN_MS = 45_000

interface RunView {
  readonly status: string
}

/** Replicas die in the middle of runs of a composite tool: others go on with them. */
export const runsGoOn: Scenario = {
  name: 'runs',
  title: 'kill -9 in the middle of runs of composite tools',
  ground: { rest: { compositeTools: [CHAIN] } },
  async act(play) {
    const { ground, fault } = play
    const calls: Promise<void>[] = []
    for (const [index, replica] of ground.replicas.entries()) {
      calls.push(...startRuns(play, index))
      await sleep(800)
      fault(`kill -9 of replica ${index}`)
      await replica.kill()
      await sleep(2_000)
      await ground.restart(index)
    }
    await Promise.all(calls)
  },
  async check({ ground, wrong, note }) {
    const runs = await until('the end of all runs', () => endedRuns(ground), END_WITHIN_MS)
    const counts = new Map<string, number>()
    for (const { status } of runs) counts.set(status, (counts.get(status) ?? 0) + 1)
    note(`runs: ${[...counts].map(([status, count]) => `${count} ${status}`).join(', ')}`)
    const effects = (await ground.ledger.read()).map(({ id }) => id)
    const done = effects.filter((id) => id.endsWith('-after')).length
    const completed = counts.get('completed') ?? 0
    if (done < completed) wrong(`${completed} runs completed, ${done} had their last side effect`)
    const unfinished = runs.length - completed - (counts.get('outcome_unknown') ?? 0)
    if (unfinished > 0) wrong(`${unfinished} runs did not end as they should`)
    if (completed === 0) wrong('no run completed')
  },
}

function startRuns({ call }: Play, turn: number): Promise<void>[] {
  return Array.from({ length: RUNS_AT_ONCE }, (_, index) =>
    call(`runs-${index}`, 'chain', { id: `run-${turn}-${index}` }),
  )
}

/** Undefined while one of them still runs. */
async function endedRuns({ replicas }: Ground): Promise<readonly RunView[] | undefined> {
  const response = await fetchApi(`http://127.0.0.1:${replicas[0]!.port}/api/workflows`)
  const { runs } = (await response.json()) as { runs: RunView[] }
  const goesOn = runs.some(({ status }) => ['pending', 'running', 'waiting'].includes(status))
  return goesOn ? undefined : runs
}
