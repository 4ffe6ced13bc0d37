import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancellation } from '../base/cancellation.ts'
import type { JsonObject } from '../base/json.ts'
import type { JournalEntry, RunJournal } from './journal.ts'
import type { RunOutcome } from './outcome.ts'
import type { WorkflowPlan } from './plan.ts'
import type { StepCall } from './ports.ts'
import { rebuildOutcome } from './rebuild-outcome.ts'
import { recoverRun } from './recover-run.ts'
import { runWorkflow } from './run-workflow.ts'
import { fakePorts } from './testing/fake-ports.ts'
import { planOf, type ShortStep } from './testing/plan-of.ts'

/** What the world saw, over all lives of a run: calls by step (and iteration), questions. */
type World = Map<string, number>

/** When the process dies: with the first entry that cannot be written, or already after the last one that can. */
type Death = 'at-next-entry' | 'after-last-entry'

function mortalJournal(
  entries: JournalEntry[],
  lives: number,
  death: Death,
): RunJournal & { readonly dead: boolean } {
  let left = lives
  let dropped = false
  const isDead = (): boolean => (death === 'at-next-entry' ? dropped : left <= 0)
  return {
    add(entry) {
      if (left <= 0) {
        dropped = true
        return
      }
      left -= 1
      entries.push(structuredClone(entry))
    },
    // Who waits for a dead process waits for ever.
    commit: () => (isDead() ? new Promise(() => {}) : undefined),
    get dead() {
      return isDead()
    },
  }
}

interface Life {
  readonly plan: WorkflowPlan
  readonly args: JsonObject
  readonly entries: JournalEntry[]
  readonly world: World
  readonly safe: boolean
  readonly lives: number
  readonly death: Death
  readonly fails: (call: StepCall) => boolean
}

/** One life of a run: its outcome, or undefined when it died. */
async function live(life: Life): Promise<RunOutcome | undefined> {
  const { plan, args, entries, world, safe } = life
  const recovered = recoverRun(entries)!
  const journal = mortalJournal(entries, life.lives, life.death)
  const count = (key: string): void => void world.set(key, (world.get(key) ?? 0) + 1)
  const ports = fakePorts({
    journal,
    tool: () => ({ readOnly: safe, idempotent: false }),
    ask: async ({ key }) => {
      count(`ask ${key}`)
      return { action: 'accept', content: {} }
    },
    call: async (call) => {
      count(call.iteration === undefined ? call.step : `${call.step}[${call.iteration}]`)
      await new Promise((resolve) => setImmediate(resolve))
      if (life.fails(call)) return { isError: true, content: [{ type: 'text', text: 'not yet' }] }
      return { content: [], structuredContent: { from: call.step, ...call.arguments } }
    },
  })
  const outcome = runWorkflow({
    plan,
    run: 'r',
    args,
    ports,
    cancellation: new Cancellation(),
    recovered,
  })
  let ended = false
  const died = new Promise<undefined>((resolve) => {
    // A dead process does nothing more; what it has sent already gets its time.
    const look = (turns: number): void => {
      if (turns === 0 || ended) resolve(undefined)
      else setImmediate(look, journal.dead ? turns - 1 : turns)
    }
    look(50)
  })
  const first = await Promise.race([outcome.finally(() => (ended = true)), died])
  return journal.dead ? undefined : first
}

function begin(plan: WorkflowPlan, args: JsonObject): JournalEntry[] {
  const { name: workflow, digest, definition } = plan
  return [
    {
      kind: 'run-started',
      at: 1_700_000_000_000,
      workflow,
      digest,
      definition,
      args,
      caller: {},
      owner: 'o',
    },
  ]
}

const chain: ShortStep[] = [
  { id: 'a', tool: 't' },
  { id: 'b', tool: 't', after: ['a'], arguments: { was: '{{.steps.a.output.from}}' } },
  { id: 'c', tool: 't', after: ['b'], arguments: { was: '{{.steps.b.output.was}}' } },
]
const diamond: ShortStep[] = [
  { id: 'top', tool: 't' },
  { id: 'left', tool: 't', after: ['top'] },
  { id: 'right', tool: 't', after: ['top'], condition: 'true' },
  { id: 'off', tool: 't', after: ['top'], condition: 'false', defaultResults: { d: 1 } },
  { id: 'bottom', tool: 't', after: ['left', 'right', 'off'] },
]
const loop: ShortStep[] = [
  { id: 'first', tool: 't' },
  {
    id: 'l',
    each: '{{json .params.list}}',
    maxParallel: 3,
    after: ['first'],
    step: { id: 'one', tool: 't', arguments: { n: '{{.forEach.item}}' } },
  },
  { id: 'last', tool: 't', after: ['l'], arguments: { done: '{{.steps.l.output.completed}}' } },
]
const asking: ShortStep[] = [
  { id: 'a', tool: 't' },
  { id: 'q', ask: 'Sure?', after: ['a'] },
  { id: 'b', tool: 't', after: ['q'], arguments: { said: '{{.steps.q.output.action}}' } },
]
const retrying: ShortStep[] = [
  { id: 'a', tool: 't', onError: { action: 'retry', retryCount: 3, retryDelayMs: 1 } },
  { id: 'b', tool: 't', after: ['a'] },
]

const args = { list: [1, 2, 3, 4, 5, 6, 7] }
const never = (): boolean => false

describe('a run that dies after any entry of its journal', () => {
  const cases: [
    name: string,
    steps: ShortStep[],
    calls: string[],
    fails: (call: StepCall) => boolean,
  ][] = [
    ['a chain', chain, ['a', 'b', 'c'], never],
    ['a diamond', diamond, ['top', 'left', 'right', 'bottom'], never],
    ['a loop', loop, ['first', ...args.list.map((_, n) => `l[${n}]`), 'last'], never],
    ['a question', asking, ['a', 'b'], never],
  ]
  for (const [name, steps, calls, fails] of cases) {
    for (const death of ['at-next-entry', 'after-last-entry'] as const) {
      it(`${name}, ${death}: makes each call once, or says which one is unknown`, async () => {
        const plan = planOf(steps)
        const whole = await toEnd({ plan, args, safe: false, death, fails })
        assert.ok(whole > calls.length)
        for (let lives = 0; lives <= whole; lives++) {
          const entries = begin(plan, args)
          const world: World = new Map()
          const life = { plan, args, entries, world, safe: false, death, fails }
          await live({ ...life, lives })
          const before = structuredClone(entries)
          const seen = new Map(world)
          const outcome = await live({ ...life, lives: Infinity })
          assert.ok(outcome, `it goes on after ${lives} entries`)
          for (const call of calls) {
            assert.ok((world.get(call) ?? 0) <= 1, `${call} twice after ${lives} entries`)
          }
          if (outcome.status === 'completed') {
            for (const call of calls) assert.equal(world.get(call), 1, `${call} after ${lives}`)
          } else {
            assert.equal(outcome.status, 'outcome_unknown', JSON.stringify(outcome))
            const { step = '', iteration, unknown = [] } = outcome.failure
            assert.deepEqual(new Set(unknown.map(unknownName)), openCalls(before))
            assert.equal(unknownName({ step, iteration }), unknownName(unknown[0]!))
            assert.deepEqual(world, seen, `nothing is begun any more after ${lives} entries`)
          }
          assert.deepEqual(rebuildOutcome(plan, 'r', recoverRun(entries)!), outcome)
        }
      })
    }

    it(`${name}: completes whenever its tools are safe, and repeats only what had no result`, async () => {
      const plan = planOf(steps)
      const whole = await toEnd({ plan, args, safe: true, death: 'at-next-entry', fails })
      for (let lives = 0; lives <= whole; lives++) {
        const entries = begin(plan, args)
        const world: World = new Map()
        const life = {
          plan,
          args,
          entries,
          world,
          safe: true,
          death: 'at-next-entry',
          fails,
        } as const
        await live({ ...life, lives })
        const done = finishedCalls(entries)
        world.clear()
        const outcome = await live({ ...life, lives: Infinity })
        assert.equal(outcome?.status, 'completed')
        for (const call of done) assert.equal(world.get(call), undefined, `${call} again`)
        for (const call of calls) if (!done.has(call)) assert.equal(world.get(call), 1, call)
      }
    })
  }

  it('tells what is unknown whatever else ended it: a failure, a cancellation', async () => {
    const plan = planOf(diamond)
    const begun: JournalEntry[] = [
      ...begin(plan, {}),
      { kind: 'step-finished', at: 1, step: 'top', status: 'completed', tries: 1, output: {} },
      { kind: 'call-started', at: 2, step: 'left', attempt: 1, safe: false },
      { kind: 'call-started', at: 2, step: 'right', attempt: 1, safe: false },
    ]
    const endings: JournalEntry[] = [
      { kind: 'step-finished', at: 3, step: 'left', status: 'failed', tries: 1, error: 'no' },
      { kind: 'run-stopping', at: 3, status: 'cancelled', message: 'enough' },
    ]
    const wanted = [
      {
        status: 'failed',
        unknown: [{ step: 'right' }],
        message: /step "left" failed: no; .*"right"$/,
      },
      {
        status: 'cancelled',
        unknown: [{ step: 'left' }, { step: 'right' }],
        message: /^enough; .*"left", "right"$/,
      },
    ]
    for (const [at, ending] of endings.entries()) {
      const entries = [...begun, ending]
      const world: World = new Map()
      const rest = { safe: false, lives: Infinity, death: 'at-next-entry', fails: never } as const
      const outcome = await live({ plan, args: {}, entries, world, ...rest })
      assert.ok(outcome !== undefined && outcome.status !== 'completed')
      const { status, failure } = outcome
      assert.deepEqual([status, failure.unknown], [wanted[at]!.status, wanted[at]!.unknown])
      assert.match(failure.message, wanted[at]!.message)
      assert.equal(world.size, 0)
    }
  })

  it('keeps which iterations are unknown when it dies once more while it ends', async () => {
    const plan = planOf(loop)
    const item = { kind: 'call-started', at: 2, step: 'l', attempt: 1, safe: false } as const
    const error = 'iterations 0, 2: nobody knows'
    const ended = { kind: 'item-finished', at: 3, step: 'l', tries: 1 } as const
    const lost = { ...ended, status: 'failed', unknown: true } as const
    const entries: JournalEntry[] = [
      ...begin(plan, args),
      { kind: 'step-finished', at: 1, step: 'first', status: 'completed', tries: 1, output: {} },
      { kind: 'loop-started', at: 2, step: 'l', count: 7 },
      { ...item, item: 0 },
      { ...item, item: 1 },
      { ...item, item: 2 },
      { ...lost, item: 0 },
      { ...ended, status: 'completed', item: 1, output: {} },
      { ...lost, item: 2 },
      { kind: 'step-finished', at: 4, step: 'l', status: 'failed', tries: 1, unknown: true, error },
    ]
    const world: World = new Map()
    const rest = { safe: false, lives: Infinity, death: 'at-next-entry', fails: never } as const
    const outcome = await live({ plan, args, entries, world, ...rest })
    assert.ok(outcome?.status === 'outcome_unknown')
    const { unknown } = outcome.failure
    assert.deepEqual(unknown?.map(unknownName), ['l[0]', 'l[2]'])
    assert.deepEqual(
      (outcome.steps['l']?.output?.['iterations'] as JsonObject[]).map((one) => one['status']),
      ['failed', 'completed', 'failed', ...new Array<string>(4).fill('cancelled')],
    )
  })

  it('dies again and again, and still makes each call once or says which is unknown', async () => {
    const plan = planOf(loop)
    const entries = begin(plan, args)
    const world: World = new Map()
    let outcome: RunOutcome | undefined
    for (let lifes = 0; outcome === undefined && lifes < 100; lifes++) {
      outcome = await live({
        plan,
        args,
        entries,
        world,
        safe: false,
        lives: 2,
        death: 'at-next-entry',
        fails: never,
      })
    }
    assert.ok(outcome)
    for (const [call, times] of world) assert.equal(times, 1, call)
  })

  it('takes a try that is known to have failed for what it is, and makes the next one', async () => {
    const plan = planOf(retrying)
    const entries: JournalEntry[] = [
      ...begin(plan, {}),
      { kind: 'call-started', at: 1, step: 'a', attempt: 1, safe: false },
      { kind: 'call-failed', at: 2, step: 'a', attempt: 1, error: 'not yet' },
    ]
    const attempts: number[] = []
    const fails = ({ attempt, step }: StepCall): boolean => {
      if (step === 'a') attempts.push(attempt)
      return step === 'a' && attempt < 3
    }
    const world: World = new Map()
    const life = {
      plan,
      args: {},
      entries,
      world,
      safe: false,
      lives: Infinity,
      death: 'at-next-entry',
    } as const
    assert.equal((await live({ ...life, fails }))?.status, 'completed')
    assert.deepEqual(attempts, [2, 3])
  })

  it('calls again what the step calls idempotent', async () => {
    const plan = planOf([{ id: 'a', tool: 't', idempotent: true }])
    const entries: JournalEntry[] = [
      ...begin(plan, {}),
      { kind: 'call-started', at: 1, step: 'a', attempt: 1, safe: false },
    ]
    const life = {
      plan,
      args: {},
      entries,
      world: new Map(),
      safe: false,
      lives: Infinity,
      death: 'at-next-entry',
      fails: never,
    } as const
    assert.equal((await live(life))?.status, 'completed')
  })

  it('asks again under the same key with what is left of the time, and takes an answer that was given', async () => {
    const plan = planOf(asking)
    const at = 1_700_000_000_000
    const asked: JournalEntry[] = [
      ...begin(plan, {}),
      { kind: 'step-finished', at, step: 'a', status: 'completed', tries: 1, output: {} },
      { kind: 'asked', at, step: 'q', deadline: at + 1234 },
    ]
    const seen: unknown[] = []
    const ports = fakePorts({
      ask: async ({ key, timeoutMs }) => {
        seen.push([key, timeoutMs])
        return { action: 'accept', content: {} }
      },
    })
    const options = { plan, run: 'r', args: {}, ports, cancellation: new Cancellation() }
    await runWorkflow({ ...options, recovered: recoverRun(asked)! })
    assert.deepEqual(seen, [['q', 1234]])
    const answered: JournalEntry[] = [
      ...asked,
      { kind: 'answered', at, step: 'q', answer: { action: 'accept', content: {} } },
    ]
    await runWorkflow({ ...options, recovered: recoverRun(answered)! })
    assert.equal(seen.length, 1)
  })

  it('writes down what was done before it asks about it', async () => {
    const said: string[] = []
    const journal: RunJournal = {
      add: ({ kind }) => said.push(kind),
      commit: async () => void said.push('written'),
    }
    const ask = async () => {
      said.push('question')
      return { action: 'accept', content: {} }
    }
    const tool = () => ({ readOnly: true, idempotent: false })
    const options = { plan: planOf(asking), run: 'r', args: {}, cancellation: new Cancellation() }
    await runWorkflow({ ...options, ports: fakePorts({ journal, ask, tool }) })
    const before = said.slice(0, said.indexOf('question'))
    const call = ['call-started', 'written', 'step-finished']
    assert.deepEqual(before, [...call, 'asked', 'written'])
  })

  it('waits before each call until what came before it is written down, whatever the tool', async () => {
    for (const readOnly of [false, true]) {
      const said: string[] = []
      const journal: RunJournal = {
        add: ({ kind }) => said.push(kind),
        commit: async () => void said.push('written'),
      }
      const call = async () => {
        said.push('call')
        return { content: [] }
      }
      const plan = planOf([
        { id: 'a', tool: 't' },
        { id: 'b', tool: 't', after: ['a'] },
      ])
      const ports = fakePorts({ journal, call, tool: () => ({ readOnly, idempotent: false }) })
      await runWorkflow({ plan, run: 'r', args: {}, cancellation: new Cancellation(), ports })
      const step = ['call-started', 'written', 'call', 'step-finished']
      // A call that may be made again is no reason to make the one before it again.
      assert.deepEqual(said.slice(0, 8), [...step, ...step])
    }
  })

  it('6.12: counts what earlier lives did as done: steps, and iterations of loops', async () => {
    const at = 1_700_000_000_000
    const each = (id: string, after: string[]): ShortStep => ({
      id,
      each: '{{json .params.list}}',
      after,
      step: { id: 'one', tool: 't' },
    })
    const plan = planOf([each('whole', []), each('half', ['whole'])])
    const list = [1, 2, 3]
    const item = (step: string, index: number): JournalEntry => ({
      kind: 'item-finished',
      at,
      step,
      item: index,
      status: 'completed',
      tries: 1,
      output: {},
    })
    const entries: JournalEntry[] = [
      ...begin(plan, { list }),
      { kind: 'loop-started', at, step: 'whole', count: 3 },
      ...[0, 1, 2].map((index) => item('whole', index)),
      { kind: 'step-finished', at, step: 'whole', status: 'completed', tries: 3 },
      { kind: 'loop-started', at, step: 'half', count: 3 },
      ...[0, 1].map((index) => item('half', index)),
    ]
    const told: string[] = []
    const ports = fakePorts({
      progress: (done, total, message) => told.push(`${done}/${total} ${message}`),
    })
    const cancellation = new Cancellation()
    const recovered = recoverRun(entries)!
    await runWorkflow({ plan, run: 'r', args: { list }, ports, cancellation, recovered })
    assert.equal(ports.calls.length, 1)
    assert.deepEqual(told, [
      '4/5 goes on',
      '6/8 step "half": 2 of 3',
      '7/8 step "half": 3 of 3',
      '8/8 step "half" done',
    ])
  })

  it('does not go on with a run that was being cancelled, or is over its time', async () => {
    const plan = planOf(chain)
    const message = 'workflow cancelled: enough'
    const stopping: JournalEntry[] = [
      ...begin(plan, {}),
      { kind: 'run-stopping', at: 1, status: 'cancelled', message },
    ]
    const ports = fakePorts()
    const options = { plan, run: 'r', args: {}, ports, cancellation: new Cancellation() }
    const cancelled = await runWorkflow({ ...options, recovered: recoverRun(stopping)! })
    assert.equal(cancelled.status, 'cancelled')
    const late = await runWorkflow({
      ...options,
      deadline: 1_600_000_000_000,
      recovered: recoverRun(begin(plan, {}))!,
    })
    assert.equal(late.status, 'timed_out')
    assert.equal(ports.calls.length, 0)
  })

  it('keeps skipping what an answer said to skip', async () => {
    const plan = planOf([
      { id: 'q', ask: 'Go on?', onDecline: 'skip_remaining' },
      { id: 'next', tool: 't', after: ['q'] },
      { id: 'begun', tool: 't' },
    ])
    const entries: JournalEntry[] = [
      ...begin(plan, {}),
      { kind: 'call-started', at: 1, step: 'begun', attempt: 1, safe: true },
      {
        kind: 'step-finished',
        at: 2,
        step: 'q',
        status: 'completed',
        tries: 1,
        output: { action: 'decline', skipped: true },
        skipRemaining: true,
      },
    ]
    const ports = fakePorts()
    const options = { plan, run: 'r', args: {}, ports, cancellation: new Cancellation() }
    const outcome = await runWorkflow({ ...options, recovered: recoverRun(entries)! })
    assert.equal(outcome.status, 'completed')
    assert.deepEqual(
      ports.calls.map(({ step }) => step),
      ['begun'],
    )
  })

  it('calls a safe tool again for a result that was too large to keep, and ends as unknown for another', async () => {
    const plan = planOf(chain)
    for (const safe of [true, false]) {
      const entries: JournalEntry[] = [
        ...begin(plan, {}),
        { kind: 'call-started', at: 1, step: 'a', attempt: 1, safe },
        {
          kind: 'step-finished',
          at: 2,
          step: 'a',
          status: 'completed',
          tries: 1,
          omittedBytes: 9e9,
        },
      ]
      const world: World = new Map()
      const outcome = await live({
        plan,
        args: {},
        entries,
        world,
        safe,
        lives: Infinity,
        death: 'at-next-entry',
        fails: never,
      })
      assert.equal(outcome?.status, safe ? 'completed' : 'outcome_unknown')
      assert.equal(world.get('a'), safe ? 1 : undefined)
    }
  })

  it('6.12 (weak there): resumes from what failed: completed steps and iterations stay', async () => {
    const plan = planOf(loop)
    const entries = begin(plan, args)
    const world: World = new Map()
    const life = {
      plan,
      args,
      entries,
      world,
      safe: false,
      lives: Infinity,
      death: 'at-next-entry',
    } as const
    const failed = await live({ ...life, fails: ({ iteration }) => iteration === 4 })
    assert.equal(failed?.status, 'failed')
    const done = finishedCalls(entries)
    entries.push({ kind: 'run-resumed', at: 3 })
    world.clear()
    assert.equal((await live({ ...life, fails: never }))?.status, 'completed')
    for (const call of done) assert.equal(world.get(call), undefined, call)
    assert.equal(world.get('l[4]'), 1)
  })
})

/** How many entries a run writes that does not die. */
async function toEnd(life: Omit<Life, 'entries' | 'world' | 'lives'>): Promise<number> {
  const entries = begin(life.plan, life.args)
  const outcome = await live({ ...life, entries, world: new Map(), lives: Infinity })
  assert.equal(outcome?.status, 'completed')
  return entries.length - 1
}

function openCalls(entries: readonly JournalEntry[]): Set<string> {
  const open = new Set<string>()
  for (const entry of entries) {
    if (entry.kind === 'call-started') open.add(nameOf(entry))
    if (entry.kind === 'step-finished' || entry.kind === 'item-finished') open.delete(nameOf(entry))
  }
  return open
}

function finishedCalls(entries: readonly JournalEntry[]): Set<string> {
  const done = new Set<string>()
  for (const entry of entries) {
    const ended = entry.kind === 'step-finished' || entry.kind === 'item-finished'
    if (ended && entry.status === 'completed') done.add(nameOf(entry))
  }
  return done
}

function unknownName({
  step,
  iteration,
}: {
  step: string
  iteration?: number | undefined
}): string {
  return nameOf(iteration === undefined ? { step } : { step, item: iteration })
}

function nameOf(entry: { readonly step: string; readonly item?: number | undefined }): string {
  return entry.item === undefined ? entry.step : `${entry.step}[${entry.item}]`
}
