import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cancellation } from '../base/cancellation.ts'
import type { JsonObject } from '../base/json.ts'
import { defineErrors } from '../base/errors.ts'
import type { RunOutcome } from './outcome.ts'
import type { StepCall } from './ports.ts'
import { planOf } from './testing/plan-of.ts'
import { runPlan } from './testing/run-plan.ts'

const failing = (message = 'no'): JsonObject => ({
  isError: true,
  content: [{ type: 'text', text: message }],
})
const fine = (output: JsonObject = {}): JsonObject => ({ content: [], structuredContent: output })

describe('6.5: running', () => {
  it('runs independent steps at the same time and dependent ones after another', async () => {
    const plan = planOf([
      { id: 'late', tool: 't', after: ['a', 'b'] },
      { id: 'a', tool: 't' },
      { id: 'b', tool: 't' },
    ])
    let together = 0
    let most = 0
    const order: string[] = []
    const call = async ({ step }: StepCall) => {
      order.push(step)
      most = Math.max(most, (together += 1))
      await sleep(1)
      together -= 1
      return fine({ step })
    }
    const { outcome } = await runPlan(plan, { call })
    assert.deepEqual(order, ['a', 'b', 'late'])
    assert.equal(most, 2)
    assert.deepEqual(outcome, { status: 'completed', output: { step: 'late' } })
  })

  it('hands outputs, parameters and the run on to templates', async () => {
    const plan = planOf([
      { id: 'a', tool: 't', arguments: { n: '{{.params.n}}', in: ['{{.workflow.id}}', 7] } },
      {
        id: 'b',
        tool: 't',
        after: ['a'],
        arguments: { was: '{{json .steps.a.output}}', s: '{{.steps.a.status}}' },
      },
    ])
    const { outcome } = await runPlan(plan, { args: { n: 5 } })
    assert.equal(outcome.status, 'completed')
    const { was, s } = (outcome as { output: JsonObject }).output
    assert.deepEqual(JSON.parse(was as string), { n: '5', in: ['r1', 7] })
    assert.equal(s, 'completed')
  })

  it('skips a step whose condition is false, gives its default results, and goes on', async () => {
    const plan = planOf([
      { id: 'a', tool: 't', condition: 'false', defaultResults: { n: 1 } },
      {
        id: 'b',
        tool: 't',
        after: ['a'],
        arguments: { n: '{{.steps.a.output.n}}', s: '{{.steps.a.status}}' },
      },
    ])
    const { outcome, ports } = await runPlan(plan)
    assert.deepEqual(outcome, { status: 'completed', output: { n: '1', s: 'skipped' } })
    assert.equal(ports.calls.length, 1)
  })

  it('6.4: fails on a condition that is neither true nor false, without a retry or default results', async () => {
    for (const condition of [' true', 'yes', '1', '<no value>']) {
      const step = { id: 'a', tool: 't', condition, defaultResults: { n: 1 } }
      const retry = { action: 'retry', retryCount: 3 } as const
      const { outcome, ports } = await runPlan(planOf([{ ...step, onError: retry }]))
      assert.equal(outcome.status, 'failed')
      assert.match(
        (outcome as { failure: { message: string } }).failure.message,
        /neither true nor false/,
      )
      assert.equal(ports.calls.length, 0)
      const going = await runPlan(
        planOf([
          { ...step, onError: { action: 'continue' } },
          { id: 'b', tool: 't' },
        ]),
      )
      assert.equal(going.outcome.status, 'completed')
    }
  })

  it('6.4: takes three ways to write true, and three to write false', async () => {
    for (const truth of ['true', 'false']) {
      const ways = [truth, truth.toUpperCase(), `${truth[0]!.toUpperCase()}${truth.slice(1)}`]
      for (const condition of ways) {
        const { ports, outcome } = await runPlan(planOf([{ id: 'a', tool: 't', condition }]))
        assert.equal(outcome.status, 'completed')
        assert.equal(ports.calls.length, truth === 'true' ? 1 : 0, condition)
      }
    }
  })

  it('6.5: lets what depends on a skipped step run', async () => {
    const { ports, outcome } = await runPlan(
      planOf([
        { id: 'a', tool: 't', condition: 'false', defaultResults: { n: 7 } },
        { id: 'b', tool: 'u', after: ['a'], arguments: { n: '{{.steps.a.output.n}}' } },
      ]),
    )
    assert.equal(outcome.status, 'completed')
    assert.deepEqual(
      ports.calls.map(({ tool, arguments: args }) => [tool, args]),
      [['u', { n: '7' }]],
    )
  })

  it('aborts on a failure: cancels what runs, starts nothing, tells what completed', async () => {
    const plan = planOf([
      { id: 'done', tool: 't' },
      { id: 'bad', tool: 't', after: ['done'], arguments: { password: 'p', n: 1 } },
      { id: 'slow', tool: 't' },
      { id: 'never', tool: 't', after: ['slow'] },
    ])
    const call = async ({ step, cancellation }: StepCall) => {
      if (step === 'bad') return failing('no such thing')
      if (step === 'done') return fine({ x: 1 })
      return new Promise<JsonObject>((_, reject) =>
        cancellation.onCancel((why) => reject(new Error(why))),
      )
    }
    const { outcome } = await runPlan(plan, { call })
    assert.deepEqual(outcome, {
      status: 'failed',
      failure: {
        message: 'step "bad" failed: no such thing',
        step: 'bad',
        tries: 1,
        input: { password: '[redacted]', n: 1 },
      },
      completed: ['done'],
      steps: {
        done: { status: 'completed', output: { x: 1 } },
        bad: { status: 'failed', error: 'no such thing' },
        slow: { status: 'cancelled', error: 'cancelled: step "bad" failed: no such thing' },
        never: { status: 'pending' },
      },
    } satisfies RunOutcome)
  })

  it('goes on after a failure with onError continue, with the default results', async () => {
    const plan = planOf([
      { id: 'a', tool: 'bad', onError: { action: 'continue' }, defaultResults: { n: 9 } },
      {
        id: 'b',
        tool: 't',
        after: ['a'],
        arguments: { n: '{{.steps.a.output.n}}', why: '{{.steps.a.error}}' },
      },
    ])
    const { outcome } = await runPlan(plan, {
      call: async ({ tool, arguments: args }) => (tool === 'bad' ? failing('x') : fine(args)),
    })
    assert.deepEqual(outcome, { status: 'completed', output: { n: '9', why: 'x' } })
  })

  it('retries failures of every kind, waits in between, and says how often it tried', async () => {
    const waits: number[] = []
    const plan = planOf([
      { id: 'a', tool: 't', onError: { action: 'retry', retryCount: 2, retryDelayMs: 10 } },
    ])
    const ports = { sleep: async (ms: number) => void waits.push(ms) }
    const { outcome } = await runPlan(plan, {
      ...ports,
      call: async ({ attempt }) => {
        if (attempt === 1) throw new Error('gone')
        return attempt === 2 ? failing() : fine({ attempt })
      },
    })
    assert.deepEqual(outcome, { status: 'completed', output: { attempt: 3 } })
    assert.deepEqual(waits, [10, 15])
    const never = await runPlan(plan, { ...ports, call: async () => failing('still no') })
    const { failure } = never.outcome as { failure: { message: string; tries: number } }
    assert.equal(failure.message, 'step "a" failed after 3 tries: still no')
    assert.equal(failure.tries, 3)
  })

  it('ends a step at its timeout, all tries together', async () => {
    const plan = planOf([
      { id: 'a', tool: 't', timeoutMs: 20, onError: { action: 'retry', retryCount: 9 } },
    ])
    const { outcome, ports } = await runPlan(plan, {
      call: ({ cancellation }) =>
        new Promise((_, reject) => {
          const alive = setTimeout(() => {}, 5000)
          cancellation.onCancel((why) => {
            clearTimeout(alive)
            reject(new Error(why))
          })
        }),
    })
    assert.equal(ports.calls.length, 1)
    assert.match(
      (outcome as { failure: { message: string } }).failure.message,
      /timed out after 20 ms/,
    )
  })

  it('gives a step five minutes, all tries together, where it does not say otherwise', async () => {
    const plan = planOf([
      { id: 'a', tool: 't' },
      { id: 'b', tool: 't', timeoutMs: 3_600_000 },
    ])
    const { ports } = await runPlan(plan)
    const [first, second] = ports.calls.map(({ timeoutMs }) => timeoutMs ?? 0)
    assert.ok(first! > 290_000 && first! <= 300_000, String(first))
    assert.ok(second! > 3_590_000 && second! <= 3_600_000, String(second))
  })

  it('fails for good when all tries were in vain, and cancels the others', async () => {
    const retry = { action: 'retry', retryCount: 1, retryDelayMs: 1 } as const
    const plan = planOf([
      { id: 'bad', tool: 't', onError: retry, defaultResults: { n: 1 } },
      { id: 'then', tool: 't', after: ['bad'] },
    ])
    const { outcome, ports } = await runPlan(plan, { call: async () => failing() })
    assert.equal(outcome.status, 'failed')
    assert.deepEqual(
      ports.calls.map(({ step }) => step),
      ['bad', 'bad'],
    )
  })

  it('gives partial results when the whole run times out', async () => {
    const plan = planOf(
      [
        { id: 'a', tool: 't' },
        { id: 'b', tool: 't', after: ['a'] },
      ],
      { timeoutMs: 40 },
    )
    const { outcome } = await runPlan(plan, {
      call: ({ step, cancellation }) =>
        step === 'a'
          ? Promise.resolve(fine({ x: 1 }))
          : new Promise((_, reject) => {
              const alive = setTimeout(() => {}, 5000)
              cancellation.onCancel((why) => {
                clearTimeout(alive)
                reject(new Error(why))
              })
            }),
    })
    assert.equal(outcome.status, 'timed_out')
    assert.deepEqual((outcome as { completed: readonly string[] }).completed, ['a'])
    assert.match(
      (outcome as { failure: { message: string } }).failure.message,
      /workflow timed out/,
    )
  })

  it('stops what runs when the client cancels', async () => {
    const cancellation = new Cancellation()
    const seen: string[] = []
    const plan = planOf([
      { id: 'a', tool: 't' },
      { id: 'b', tool: 't', after: ['a'] },
    ])
    const { outcome, ports } = await runPlan(plan, {
      options: { cancellation },
      call: (one) =>
        new Promise((_, reject) => {
          one.cancellation.onCancel((why) => {
            seen.push(why)
            reject(new Error(why))
          })
          queueMicrotask(() => cancellation.cancel('enough'))
        }),
    })
    assert.equal(outcome.status, 'cancelled')
    assert.equal(ports.calls.length, 1)
    assert.match(seen[0] ?? '', /enough/)
  })

  it('does not wait for ever for a call that does not hear of its cancellation', async () => {
    const plan = planOf([{ id: 'a', tool: 't', timeoutMs: 5 }])
    const alive = setTimeout(() => {}, 10_000)
    const { outcome } = await runPlan(plan, { call: () => new Promise(() => {}) })
    clearTimeout(alive)
    assert.equal(outcome.status, 'failed')
  })

  it('runs at most so many steps of a run at once, ten unless the tool says otherwise', async () => {
    let together = 0
    let most = 0
    const plan = planOf(Array.from({ length: 25 }, (_, n) => ({ id: `s${n}`, tool: 't' })))
    await runPlan(plan, {
      call: async () => {
        most = Math.max(most, (together += 1))
        await sleep(1)
        together -= 1
        return fine()
      },
    })
    assert.equal(most, 10)
  })

  it('6.12: tells progress of steps, and every event once', async () => {
    const told: string[] = []
    const { ports } = await runPlan(
      planOf([
        { id: 'a', tool: 't' },
        { id: 'b', tool: 'u', after: ['a'] },
      ]),
      { progress: (done, total, message) => told.push(`${done}/${total} ${message}`) },
    )
    assert.deepEqual(told, ['0/2 started', '1/2 step "a" done', '2/2 step "b" done'])
    assert.deepEqual(
      ports.events.map((event) => event.kind),
      [
        'run-started',
        'step-started',
        'step-finished',
        'step-started',
        'step-finished',
        'run-finished',
      ],
    )
  })
})

describe('6.9: without an output block', () => {
  it('gives the last completed step of the file that nothing depends on', async () => {
    const plan = planOf([
      { id: 'first', tool: 't', arguments: { n: 1 } },
      { id: 'sink', tool: 't', after: ['first'], arguments: { n: 2 } },
      { id: 'sink2', tool: 't', arguments: { n: 3 } },
      { id: 'skipped', tool: 't', condition: 'false', defaultResults: { n: 4 } },
    ])
    assert.deepEqual((await runPlan(plan)).outcome, { status: 'completed', output: { n: 3 } })
  })

  it('gives an empty object when no step completed', async () => {
    const plan = planOf([{ id: 'a', tool: 't', condition: 'false' }])
    assert.deepEqual((await runPlan(plan)).outcome, { status: 'completed', output: {} })
  })
})

describe('6.7: elicitation', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
  const ask = { id: 'q', ask: 'Really {{.params.n}}?', schema } as const
  const next = {
    id: 'next',
    tool: 't',
    after: ['q'],
    arguments: { got: '{{json .steps.q.output}}' },
  }
  const gotOf = (outcome: RunOutcome) =>
    JSON.parse((outcome as { output: JsonObject }).output['got'] as string) as unknown

  it('asks with the message rendered and gives the answer', async () => {
    let asked: unknown
    const { outcome } = await runPlan(planOf([ask, next]), {
      args: { n: 3 },
      ask: async ({ request, key, timeoutMs }) => {
        asked = { request, key, timeoutMs }
        return { action: 'accept', content: { n: 4 } }
      },
    })
    assert.deepEqual(asked, {
      key: 'q',
      timeoutMs: 300_000,
      request: {
        method: 'elicitation/create',
        params: { mode: 'form', message: 'Really 3?', requestedSchema: schema },
      },
    })
    assert.deepEqual(gotOf(outcome), { action: 'accept', content: { n: 4 } })
  })

  it('waits as long as the step says (weak there: ten minutes at most)', async () => {
    const waits: number[] = []
    await runPlan(planOf([{ ...ask, timeoutMs: 7_200_000 }]), {
      args: { n: 3 },
      ask: async ({ timeoutMs }) => {
        waits.push(timeoutMs)
        return { action: 'accept', content: { n: 4 } }
      },
    })
    assert.deepEqual(waits, [7_200_000])
  })

  it('reacts to decline and cancel as the step says', async () => {
    for (const action of ['decline', 'cancel'] as const) {
      const name = action === 'decline' ? 'onDecline' : 'onCancel'
      const answer = { ask: async () => ({ action }) }
      const aborted = await runPlan(planOf([ask, next]), answer)
      assert.equal(aborted.outcome.status, 'failed')
      const going = await runPlan(planOf([{ ...ask, [name]: 'continue' }, next]), answer)
      assert.deepEqual(gotOf(going.outcome), { action })
    }
  })

  it('20 (weak there): skip_remaining skips what has not started, lets what runs end, and completes', async () => {
    let finish = (_result: JsonObject): void => {}
    const plan = planOf([
      { ...ask, onDecline: 'skip_remaining' },
      next,
      { id: 'running', tool: 'slow' },
      { id: 'after-running', tool: 't', after: ['running'], defaultResults: { d: 1 } },
    ])
    const { outcome, ports } = await runPlan(plan, {
      ask: async () => {
        setTimeout(() => finish(fine({ r: 1 })), 5)
        return { action: 'decline' }
      },
      call: () => new Promise((resolve) => (finish = resolve)),
    })
    assert.deepEqual(outcome, { status: 'completed', output: { r: 1 } })
    assert.deepEqual(
      ports.calls.map(({ step }) => step),
      ['running'],
    )
    const ended = ports.events.filter((event) => event.kind === 'step-finished')
    assert.deepEqual(
      new Map(ended.map((event) => [event.step, event.status])),
      new Map([
        ['q', 'completed'],
        ['running', 'completed'],
        ['next', 'skipped'],
        ['after-running', 'skipped'],
      ]),
    )
  })

  it('treats a timeout as cancel, with the reason "timeout"', async () => {
    const table = defineErrors('MCP', {
      QUESTION_EXPIRED: { fault: 'caller', status: 408, message: () => 'late' },
    })
    const late = { ask: () => Promise.reject(table.QUESTION_EXPIRED({})) }
    const going = await runPlan(planOf([{ ...ask, onCancel: 'continue' }, next]), late)
    assert.deepEqual(gotOf(going.outcome), { action: 'timeout' })
    const own = await runPlan(planOf([{ ...ask, timeoutMs: 5, onCancel: 'continue' }, next]), {
      ask: ({ cancellation }) =>
        new Promise((_, reject) => {
          const alive = setTimeout(() => {}, 5000)
          cancellation.onCancel((why) => {
            clearTimeout(alive)
            reject(new Error(why))
          })
        }),
    })
    assert.deepEqual(gotOf(own.outcome), { action: 'timeout' })
  })

  it('takes an answer of almost 1 MB', async () => {
    const content = { n: 1, x: 'y'.repeat(1_040_000) }
    const { outcome } = await runPlan(planOf([ask]), {
      ask: async () => ({ action: 'accept', content }),
    })
    assert.equal(outcome.status, 'completed')
  })

  it('asks again when an answer does not fit, and says what was wrong', async () => {
    for (const [bad, why] of [
      [{ action: 'accept', content: { n: 'one' } }, /n must be/],
      [{ action: 'accept', content: {} }, /n is/],
      [{ action: 'accept', content: [1] }, /its content is not an object$/],
      [{ action: 'perhaps' }, /it has the action "perhaps"$/],
    ] as const) {
      const asked: [key: string, message: unknown, timeoutMs: number][] = []
      const { outcome, ports } = await runPlan(planOf([ask, next]), {
        args: { n: 3 },
        ask: async ({ key, request, timeoutMs }) => {
          asked.push([key, request.params?.['message'], timeoutMs])
          return asked.length < 3 ? (bad as unknown as JsonObject) : { action: 'decline' }
        },
      })
      assert.equal(outcome.status, 'failed')
      assert.match((outcome as { failure: { message: string } }).failure.message, /declined/)
      assert.deepEqual(
        asked.map(([key]) => key),
        ['q', 'q-2', 'q-3'],
      )
      const [, second] = asked
      assert.match(String(second?.[1]), /^Really 3\?\n\nThe last answer could not be used: /)
      assert.match(String(second?.[1]), why)
      assert.ok((second?.[2] ?? 0) <= 300_000)
      const kinds = ports.events.map(({ kind }) => kind)
      assert.equal(kinds.filter((kind) => kind === 'question-asked').length, 3)
      assert.equal(kinds.filter((kind) => kind === 'question-answered').length, 3)
    }
  })

  it('takes an accept without content only where nothing is required, and content that is none never', async () => {
    const free = { ...ask, schema: { type: 'object' } }
    const answered = async (answer: object) => {
      let times = 0
      const { outcome } = await runPlan(planOf([free]), {
        ask: async () => {
          times += 1
          return answer as JsonObject
        },
      })
      return [outcome.status, times]
    }
    assert.deepEqual(await answered({ action: 'accept' }), ['completed', 1])
    assert.deepEqual(await answered({ action: 'accept', content: 'x' }), ['failed', 3])
    assert.deepEqual(await answered({ action: 'accept', content: [1] }), ['failed', 3])
  })

  it('refuses answers that are too large, too deep, or not what was asked for', async () => {
    const deep = (depth: number): JsonObject => (depth === 0 ? {} : { x: deep(depth - 1) })
    for (const [content, problem] of [
      [{ n: 1, x: 'y'.repeat(1024 * 1024) }, /at most 1048576/],
      [{ n: 1, x: deep(11) }, /nested deeper than 10/],
      [{ n: 'one' }, /n/],
      [{}, /n/],
    ] as const) {
      const ask1 = async () => ({ action: 'accept', content })
      const { outcome } = await runPlan(planOf([ask]), { ask: ask1 })
      assert.match((outcome as { failure: { message: string } }).failure.message, problem)
    }
  })

  it('fails when the caller cannot be asked', async () => {
    const { outcome } = await runPlan(planOf([ask]), {
      ask: () => Promise.reject(new Error('cannot answer')),
    })
    assert.match((outcome as { failure: { message: string } }).failure.message, /cannot answer/)
  })

  it('stops waiting when the client cancels', async () => {
    const cancellation = new Cancellation()
    const { outcome } = await runPlan(planOf([ask]), {
      options: { cancellation },
      ask: (question) => {
        queueMicrotask(() => cancellation.cancel('enough'))
        return new Promise((_, reject) =>
          question.cancellation.onCancel((why) => reject(new Error(why))),
        )
      },
    })
    assert.equal(outcome.status, 'cancelled')
  })
})
