import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../base/json.ts'
import type { StepCall } from './ports.ts'
import type { RunEvent } from './run-events.ts'
import { planOf, type ShortStep } from './testing/plan-of.ts'
import { runPlan } from './testing/run-plan.ts'

interface Node {
  /** Earlier steps it waits for. */
  readonly after: readonly number[]
  readonly does: 'works' | 'fails' | 'is-skipped' | 'fails-twice'
  readonly onError: 'abort' | 'continue' | 'retry'
  /** Turns of the event loop its calls take. */
  readonly turns: number
  /** 0: no loop. */
  readonly items: number
}

const node = fc.record({
  after: fc.array(fc.nat(30), { maxLength: 4 }),
  does: fc.constantFrom('works', 'works', 'works', 'fails', 'is-skipped', 'fails-twice'),
  onError: fc.constantFrom('continue', 'continue', 'abort', 'retry'),
  turns: fc.nat(3),
  items: fc.constantFrom(0, 0, 0, 1, 5),
})

it('any graph, whatever comes of its steps: each step ends once, after what it waits for, within the limits', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(node, { minLength: 1, maxLength: 25 }),
      fc.integer({ min: 1, max: 5 }),
      check,
    ),
    { numRuns: 150 },
  )
})

async function check(nodes: Node[], maxParallel: number): Promise<void> {
  // In the file backwards: the order of the file does not matter.
  const steps = nodes.map((one, place) => stepOf(one, place)).toReversed()
  const running = new Set<string>()
  let most = 0
  const call = async ({ step, attempt }: StepCall): Promise<JsonObject> => {
    running.add(step)
    most = Math.max(most, running.size)
    const { does, turns } = nodes[Number(step.slice(1))]!
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
    const fails = does === 'fails' || (does === 'fails-twice' && attempt < 3)
    return fails
      ? { isError: true, content: [{ type: 'text', text: 'no' }] }
      : { content: [], structuredContent: { ok: true } }
  }
  const ended: string[] = []
  const event = (one: RunEvent): void => {
    if (one.kind === 'step-finished') {
      ended.push(one.step)
      running.delete(one.step)
    }
    if (one.kind === 'step-started') {
      const { after } = stepOf(nodes[Number(one.step.slice(1))]!, Number(one.step.slice(1)))
      for (const before of after) assert.ok(ended.includes(before), `${one.step} before ${before}`)
    }
  }
  const args = { list: Array.from({ length: 5 }, (_, index) => index), one: [1] }
  const { outcome, ports } = await runPlan(planOf(steps, { maxParallel }), {
    call,
    event,
    args,
  })

  assert.ok(most <= maxParallel, `${most} at once`)
  assert.equal(new Set(ended).size, ended.length, 'a step ended twice')
  const aborts = nodes.some((one) => failsInTheEnd(one) && one.onError !== 'continue')
  assert.equal(outcome.status, aborts ? 'failed' : 'completed')
  if (outcome.status === 'completed') {
    assert.equal(ended.length, nodes.length)
    assert.equal(
      ports.calls.length,
      nodes.reduce((sum, one) => sum + callsOf(one), 0),
    )
  } else {
    const statuses = Object.entries(outcome.steps)
    for (const [step, { status }] of statuses) {
      assert.equal(status === 'pending', !ended.includes(step), `${step} ${status}`)
      assert.notEqual(status, 'running')
    }
  }
}

function stepOf(one: Node, place: number): ShortStep & { after: string[] } {
  const after = place === 0 ? [] : [...new Set(one.after.map((at) => `s${at % place}`))]
  const onError = {
    action: one.onError,
    retryCount: one.onError === 'retry' ? 2 : 0,
    retryDelayMs: 1,
  }
  const common = {
    id: `s${place}`,
    after,
    ...(one.does === 'is-skipped' ? { condition: 'false' } : {}),
  }
  if (one.items === 0) return { ...common, onError, tool: 't' }
  const each = one.items === 1 ? '{{json .params.one}}' : '{{json .params.list}}'
  // A loop is not tried again as a whole; its iterations are.
  const inner = one.onError === 'retry' ? { onError } : {}
  const outer = one.onError === 'retry' ? {} : { onError }
  return { ...common, ...outer, each, maxParallel: 2, step: { id: 'in', tool: 't', ...inner } }
}

function failsInTheEnd({ does, onError }: Node): boolean {
  return does === 'fails' || (does === 'fails-twice' && onError !== 'retry')
}

function callsOf({ does, onError, items }: Node): number {
  if (does === 'is-skipped') return 0
  const tries = onError === 'retry' && does !== 'works' ? 3 : 1
  return tries * Math.max(1, items)
}
