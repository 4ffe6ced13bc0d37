import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Json, JsonObject } from '../base/json.ts'
import { parseDefinition } from './compile-plan.ts'
import type { RunOutcome } from './outcome.ts'
import type { StepCall } from './ports.ts'
import { planOf, type ShortStep } from './testing/plan-of.ts'
import { runPlan } from './testing/run-plan.ts'

const fine = (output: JsonObject = {}): JsonObject => ({ content: [], structuredContent: output })
const failing = (message: string): JsonObject => ({
  isError: true,
  content: [{ type: 'text', text: message }],
})

type Loop = Extract<ShortStep, { each: string }>

function loop(rest: Partial<Loop> = {}, inner: Partial<Loop['step']> = {}): Loop {
  const step = {
    id: 'one',
    tool: 't',
    arguments: { v: '{{json .forEach.item}}', i: '{{.forEach.index}}' },
  }
  return { id: 'l', each: '{{json .params.list}}', step: { ...step, ...inner }, ...rest }
}

const LABEL_ISSUES: JsonObject = {
  name: 'label_issues',
  description: 'Label the issues of a repository',
  parameters: {
    type: 'object',
    properties: { repo: { type: 'string' }, limit: { type: 'integer', default: 20 } },
    required: ['repo'],
  },
  timeout: '20m',
  steps: [
    {
      id: 'list',
      tool: 'gh_list_issues',
      arguments: { repo: '{{.params.repo}}', per_page: '{{.params.limit}}' },
    },
    {
      id: 'label',
      type: 'forEach',
      dependsOn: ['list'],
      collection: '{{json .steps.list.output.issues}}',
      itemVar: 'issue',
      maxParallel: 5,
      maxIterations: 200,
      timeout: '15m',
      onError: { action: 'continue' },
      step: {
        id: 'label_one',
        tool: 'gh_add_label',
        arguments: { number: '{{json .forEach.issue.number}}', label: 'needs-triage' },
      },
    },
  ],
  output: {
    properties: {
      done: { type: 'integer', description: 'yes', value: '{{.steps.label.output.completed}}' },
      failed: { type: 'integer', description: 'no', value: '{{.steps.label.output.failed}}' },
    },
    required: ['done'],
  },
}
const SCHEMAS: Record<string, JsonObject> = {
  gh_list_issues: { type: 'object', properties: { per_page: { type: 'integer' } } },
  gh_add_label: { type: 'object', properties: { number: { type: 'integer' } } },
}

const outputOf = (outcome: RunOutcome): JsonObject => {
  assert.equal(outcome.status, 'completed', JSON.stringify(outcome))
  return (outcome as { output: JsonObject }).output
}
const messageOf = (outcome: RunOutcome): string =>
  (outcome as { failure: { message: string } }).failure.message
const partialOf = (outcome: RunOutcome): JsonObject =>
  (outcome as { steps: Record<string, { output: JsonObject }> }).steps['l']!.output
const statusesOf = (output: JsonObject): Json[] =>
  (output['iterations'] as JsonObject[]).map((one) => one['status']!)

describe('6.6: forEach', () => {
  it('gives every iteration in the order of the collection, whatever ended first', async () => {
    const call = async ({ arguments: args, iteration }: StepCall) => {
      await sleep(iteration === 0 ? 10 : 1)
      return fine(args)
    }
    const { outcome } = await runPlan(planOf([loop()]), { args: { list: ['a', { b: 1 }] }, call })
    assert.deepEqual(outputOf(outcome), {
      iterations: [
        { index: 0, item: 'a', status: 'completed', output: { v: '"a"', i: '0' } },
        { index: 1, item: { b: 1 }, status: 'completed', output: { v: '{"b":1}', i: '1' } },
      ],
      count: 2,
      completed: 2,
      failed: 0,
    })
  })

  it('lets others work while it goes through items that need no call', async () => {
    const condition = '{{range .params.list}}{{range $.params.list}}{{end}}{{end}}false'
    const plan = planOf([loop({ maxParallel: 50, maxIterations: 100 }, { condition })])
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const { outcome } = await runPlan(plan, { args: { list: Array(100).fill(0) } })
    clearInterval(timer)
    assert.equal(outputOf(outcome)['skipped'], 100)
    assert.ok(turns > 1, `${turns} turns`)
  })

  it('goes over the result of a step, and gives counts to an output, as users write it', async () => {
    const plan = parseDefinition(LABEL_ISSUES)
    const numbers = [{ number: 1_234_567 }, { number: 7 }, { number: 8 }]
    const { outcome, ports } = await runPlan(plan, {
      args: { repo: 'a/b', limit: 20 },
      tool: (name) => ({ inputSchema: SCHEMAS[name], readOnly: false, idempotent: false }),
      call: async ({ tool, iteration }) =>
        tool === 'gh_list_issues' ? fine({ issues: numbers }) : { isError: iteration === 1 },
    })
    assert.deepEqual(outcome, { status: 'completed', output: { done: 2, failed: 1 } })
    assert.deepEqual(
      ports.calls.map((call) => call.arguments),
      [
        { repo: 'a/b', per_page: 20 },
        ...numbers.map(({ number }) => ({ number, label: 'needs-triage' })),
      ],
    )
  })

  it('names the item as the step says', async () => {
    const plan = planOf([loop({ itemVar: 'issue' }, { arguments: { n: '{{.forEach.issue.n}}' } })])
    const { ports } = await runPlan(plan, { args: { list: [{ n: 7 }] } })
    assert.deepEqual(ports.calls[0]?.arguments, { n: '7' })
  })

  it('takes an empty collection', async () => {
    const { outcome } = await runPlan(planOf([loop()]), { args: { list: [] } })
    assert.deepEqual(outputOf(outcome), { iterations: [], count: 0, completed: 0, failed: 0 })
  })

  it('fails with both numbers on a collection that is too large, and calls nothing', async () => {
    const plan = planOf([loop({ maxIterations: 2 })])
    const { outcome, ports } = await runPlan(plan, { args: { list: [1, 2, 3] } })
    assert.match(messageOf(outcome), /collection size 3 exceeds maxIterations 2/)
    assert.equal(ports.calls.length, 0)
  })

  it('takes as many items as maxIterations says, a thousand at the most', async () => {
    const list = Array.from({ length: 1000 }, (_, n) => n)
    const plan = planOf([loop({ maxIterations: 1000, maxParallel: 50 })])
    const { outcome, ports } = await runPlan(plan, { args: { list } })
    assert.equal(outputOf(outcome)['completed'], 1000)
    assert.equal(ports.calls.length, 1000)
  })

  it('has its own maxParallel in each of several runs', async () => {
    let together = 0
    let most = 0
    const call = async () => {
      together += 1
      most = Math.max(most, together)
      await sleep(2)
      together -= 1
      return fine()
    }
    const args = { list: [1, 2, 3, 4, 5, 6] }
    const plan = planOf([loop({ maxParallel: 3 })])
    await Promise.all([runPlan(plan, { args, call }), runPlan(plan, { args, call })])
    assert.equal(most, 6)
  })

  it('names the argument whose template fails, in the item concerned', async () => {
    const args = { filter: { path: '{{.forEach.item.a.b}}' } }
    const { outcome, ports } = await runPlan(planOf([loop({}, { arguments: args })]), {
      args: { list: [{ a: { b: 1 } }, { a: 'text' }] },
    })
    assert.match(
      messageOf(outcome),
      /iteration 1: Cannot make arguments\.filter\.path: .*cannot read field b of a value of type string/,
    )
    assert.equal(ports.calls.length, 1)
  })

  it('fails on what is no JSON array and shows its first 100 characters', async () => {
    const plan = planOf([loop({ each: '{{.params.list}}' })])
    const { outcome } = await runPlan(plan, { args: { list: 'x'.repeat(150) } })
    assert.match(messageOf(outcome), /is not a JSON array: "x{100}"$/)
  })

  it('never runs more than maxParallel at once, and begins with the first', async () => {
    let together = 0
    let most = 0
    const order: number[] = []
    const call = async ({ iteration }: StepCall) => {
      order.push(iteration!)
      most = Math.max(most, (together += 1))
      await sleep(1)
      together -= 1
      return fine()
    }
    const list = Array.from({ length: 20 }, (_, n) => n)
    const { outcome } = await runPlan(planOf([loop({ maxParallel: 3 })]), { args: { list }, call })
    assert.equal(outputOf(outcome)['completed'], 20)
    assert.equal(most, 3)
    assert.deepEqual(order, list)
  })

  it('takes no places of steps for its iterations', async () => {
    let together = 0
    let most = 0
    const all = Promise.withResolvers<void>()
    const call = async () => {
      most = Math.max(most, (together += 1))
      if (together === 51) all.resolve()
      await Promise.race([all.promise, sleep(5_000, undefined, { ref: false })])
      together -= 1
      return fine()
    }
    const list = Array.from({ length: 50 }, (_, n) => n)
    const plan = planOf([loop({ maxParallel: 50 }), { id: 'beside', tool: 't' }], {
      maxParallel: 2,
    })
    await runPlan(plan, { args: { list }, call })
    assert.equal(most, 51)
  })

  it('gives whole numbers for the place and the counts (6.4)', async () => {
    const counted =
      '{{eq .steps.l.output.count 2}} {{eq .steps.l.output.completed 2}} {{eq .steps.l.output.failed 0}}'
    const plan = planOf([
      loop({}, { arguments: { first: '{{eq .forEach.index 0}}' } }),
      { id: 'end', tool: 't', after: ['l'], arguments: { counted } },
    ])
    const { outcome, ports } = await runPlan(plan, { args: { list: [1, 2] } })
    assert.deepEqual(
      ports.calls.slice(0, 2).map((one) => one.arguments),
      [{ first: 'true' }, { first: 'false' }],
    )
    assert.deepEqual(outputOf(outcome), { counted: 'true true true' })
  })

  it('abort: the first failure cancels the rest; the step fails and keeps what was done', async () => {
    const call = async ({ iteration, cancellation }: StepCall) => {
      if (iteration === 0) return fine({ ok: true })
      if (iteration === 1) return failing('bad item')
      return new Promise<JsonObject>((_, reject) =>
        cancellation.onCancel((why) => reject(new Error(why))),
      )
    }
    const plan = planOf([loop({ maxParallel: 3 })])
    const { outcome, ports } = await runPlan(plan, { args: { list: [1, 2, 3, 4, 5] }, call })
    assert.match(messageOf(outcome), /step "l" failed: iteration 1: bad item/)
    assert.deepEqual((outcome as { failure: object }).failure, {
      message: messageOf(outcome),
      step: 'l',
      tries: 1,
      iteration: 1,
      input: { v: '2', i: '1' },
    })
    const partial = partialOf(outcome)
    assert.deepEqual(statusesOf(partial), [
      'completed',
      'failed',
      'cancelled',
      'cancelled',
      'cancelled',
    ])
    assert.deepEqual([partial['count'], partial['completed'], partial['failed']], [5, 1, 4])
    assert.ok(ports.calls.length <= 4)
  })

  it('continue: the step completes, and tells how many failed', async () => {
    const call = async ({ iteration }: StepCall) => (iteration === 1 ? failing('bad') : fine())
    const plan = planOf([loop({ onError: { action: 'continue' } })])
    const output = outputOf((await runPlan(plan, { args: { list: [1, 2, 3] }, call })).outcome)
    assert.deepEqual([output['count'], output['completed'], output['failed']], [3, 2, 1])
    assert.deepEqual((output['iterations'] as Json[])[1], {
      index: 1,
      item: 2,
      status: 'failed',
      output: null,
      error: 'bad',
    })
  })

  it('inner onError continue (weak there): gives the default results and goes on', async () => {
    const call = async ({ iteration }: StepCall) => (iteration === 0 ? failing('bad') : fine())
    const inner = { onError: { action: 'continue' }, defaultResults: { n: 0 } } as const
    const { outcome } = await runPlan(planOf([loop({}, inner)]), { args: { list: [1, 2] }, call })
    const output = outputOf(outcome)
    assert.deepEqual(statusesOf(output), ['failed', 'completed'])
    assert.deepEqual((output['iterations'] as JsonObject[])[0]!['output'], { n: 0 })
    assert.equal(output['failed'], 1)
  })

  it('inner condition (weak there): skips iterations, with their default results', async () => {
    const inner = { condition: '{{.forEach.item.go}}', defaultResults: { n: 0 } }
    const args = { list: [{ go: true }, { go: false }] }
    const { outcome, ports } = await runPlan(planOf([loop({}, inner)]), { args })
    const output = outputOf(outcome)
    assert.deepEqual(statusesOf(output), ['completed', 'skipped'])
    const counts = ['count', 'completed', 'failed', 'skipped'].map((name) => output[name])
    assert.deepEqual(counts, [2, 1, 0, 1])
    assert.equal(ports.calls.length, 1)
    const none = await runPlan(planOf([loop({}, inner)]), { args: { list: [{ go: true }] } })
    assert.equal(outputOf(none.outcome)['skipped'], 0)
    const bad = await runPlan(planOf([loop({}, { condition: 'perhaps' })]), { args })
    assert.match(messageOf(bad.outcome), /iteration 0: its condition gave "perhaps"/)
  })

  it('inner timeout (weak there): bounds each iteration by itself', async () => {
    const call = ({ iteration, cancellation }: StepCall) =>
      iteration === 0
        ? new Promise<JsonObject>((_, reject) => {
            const alive = setTimeout(() => {}, 5000)
            cancellation.onCancel((why) => {
              clearTimeout(alive)
              reject(new Error(why))
            })
          })
        : Promise.resolve(fine())
    const plan = planOf([loop({ onError: { action: 'continue' } }, { timeoutMs: 10 })])
    const output = outputOf((await runPlan(plan, { args: { list: [1, 2] }, call })).outcome)
    const [first] = output['iterations'] as JsonObject[]
    assert.match(JSON.stringify(first), /timed out after 10 ms/)
    assert.equal(output['completed'], 1)
  })

  it('inner retry: tries each iteration again', async () => {
    const retry = { action: 'retry', retryCount: 2, retryDelayMs: 1 } as const
    const plan = planOf([loop({}, { onError: retry })])
    const call = async ({ attempt }: StepCall) => (attempt < 3 ? failing('no') : fine())
    const { outcome, ports } = await runPlan(plan, { args: { list: [1, 2] }, call })
    assert.equal(outputOf(outcome)['completed'], 2)
    assert.equal(ports.calls.length, 6)
    const never = await runPlan(plan, { args: { list: [1] }, call: async () => failing('no') })
    assert.equal(never.outcome.status, 'failed')
    assert.equal(never.ports.calls.length, 3)
  })

  it('a timeout of the step bounds the loop and keeps what was done', async () => {
    const call = ({ iteration, cancellation }: StepCall) =>
      iteration === 0
        ? Promise.resolve(fine())
        : new Promise<JsonObject>((_, reject) => {
            const alive = setTimeout(() => {}, 5000)
            cancellation.onCancel((why) => {
              clearTimeout(alive)
              reject(new Error(why))
            })
          })
    const plan = planOf([loop({ timeoutMs: 20, maxParallel: 1 })])
    const { outcome } = await runPlan(plan, { args: { list: [1, 2, 3] }, call })
    assert.match(messageOf(outcome), /timed out after 20 ms; 1 of 3 iterations completed/)
    assert.deepEqual(statusesOf(partialOf(outcome)), ['completed', 'cancelled', 'cancelled'])
  })

  it('keeps what was done when the whole run times out', async () => {
    const call = ({ iteration, cancellation }: StepCall) =>
      iteration === 0
        ? Promise.resolve(fine())
        : new Promise<JsonObject>((_, reject) => {
            const alive = setTimeout(() => {}, 5000)
            cancellation.onCancel((why) => {
              clearTimeout(alive)
              reject(new Error(why))
            })
          })
    const { outcome } = await runPlan(planOf([loop({ maxParallel: 1 })], { timeoutMs: 20 }), {
      args: { list: [1, 2, 3] },
      call,
    })
    assert.equal(outcome.status, 'timed_out')
    assert.equal(partialOf(outcome)['completed'], 1)
  })

  it('tells progress of iterations: seldom, but always the last', async () => {
    const told: string[] = []
    const list = Array.from({ length: 50 }, (_, n) => n)
    await runPlan(planOf([loop()]), {
      args: { list },
      progress: (done, total, message) => told.push(`${done}/${total} ${message}`),
    })
    assert.deepEqual(told.slice(0, 2), ['0/1 started', '0/51 step "l": 0 of 50'])
    assert.equal(told.at(-2), '50/51 step "l": 50 of 50')
    assert.equal(told.at(-1), '51/51 step "l" done')
    assert.ok(told.length < 50)
  })
})
