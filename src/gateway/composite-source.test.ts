import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cancellation } from '../base/cancellation.ts'
import { systemNow } from '../base/clock.ts'
import type { AppError } from '../base/errors.ts'
import { newUuid } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { BackendRequest } from '../mcp/backend-connection.ts'
import type { Call } from '../mcp/call.ts'
import { resultReply, type Reply } from '../mcp/reply.ts'
import { openStorage } from '../storage/open-storage.ts'
import { parseDefinition } from '../workflow/compile-plan.ts'
import { unsealed } from '../workflow/journal-text.ts'
import type { StepCall } from '../workflow/ports.ts'
import { openRunTable, type RunTableOptions } from '../workflow/run-table.ts'
import type { RunOutcome } from '../workflow/outcome.ts'
import type { RunTable } from '../workflow/runs.ts'
import { fakePorts } from '../workflow/testing/fake-ports.ts'
import {
  createCompositeSource,
  type CompositeSource,
  type CompositeSourceOptions,
} from './composite-source.ts'
import { mcpErrors } from '../mcp/errors.ts'
import { LEGACY_CLIENT, MODERN_CLIENT } from './testing/fake-backend.ts'
import { answerOf, gatewayWithSource, toolCall } from './testing/gateway-with-source.ts'

const FORM = { type: 'object', properties: { sure: { type: 'boolean' } } }
const ASK = {
  name: 'ask',
  description: 'Asks',
  steps: [
    { id: 'confirm', type: 'elicitation', message: 'Sure?', schema: FORM },
    { id: 'add', tool: 'calc_plus', dependsOn: ['confirm'] },
  ],
}
const ADD = {
  name: 'add_all',
  description: 'Adds',
  parameters: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  steps: [{ id: 'add', tool: 'calc.hidden', arguments: { n: '{{.params.n}}' } }],
}
const ASK_MANY = {
  name: 'ask_many',
  description: 'Asks where there are many',
  parameters: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  steps: [
    { id: 'add', tool: 'calc_plus' },
    {
      id: 'confirm',
      type: 'elicitation',
      dependsOn: ['add'],
      condition: '{{gt .params.n 10}}',
      message: 'Sure?',
      schema: FORM,
    },
  ],
}
const ADD_TWICE = {
  name: 'add_twice',
  description: 'Adds twice',
  steps: [
    { id: 'one', tool: 'calc_plus' },
    { id: 'two', tool: 'calc_plus', dependsOn: ['one'] },
  ],
}
const LOST = { name: 'lost', description: 'Lost', steps: [{ id: 'one', tool: 'nowhere' }] }
const TAKEN = { name: 'calc_list', description: 'Taken', steps: [{ id: 'one', tool: 'calc.list' }] }

async function setUp(
  answer?: (request: BackendRequest) => Reply | Promise<Reply>,
  some: Partial<CompositeSourceOptions> = {},
) {
  const stores = await openStorage({ provider: 'memory' }, { now: systemNow })
  let source: CompositeSource | undefined
  const options: RunTableOptions = {
    keyValue: stores.keyValue,
    appendLog: stores.appendLog,
    prefix: 'run:',
    limits: { keepMs: 60_000, maxRuns: 100, maxRunBytes: 1_000_000 },
    sealing: unsealed,
    durable: true,
    owner: 'self',
    now: systemNow,
    newId: newUuid,
    random: () => 0.5,
    compile: parseDefinition,
    portsOf: (run) => source!.portsOf(run),
    onError: (error) => {
      throw error
    },
  }
  const runs = await openRunTable(options)
  const gateway = await gatewayWithSource({
    ...(answer === undefined ? {} : { answer }),
    source: (host) =>
      (source = createCompositeSource(host, {
        plans: [ASK, ASK_MANY, ADD, ADD_TWICE, LOST, TAKEN].map((each) =>
          parseDefinition(each as JsonObject),
        ),
        runs: () => runs,
        recovered: Promise.resolve(),
        limits: () => ({ maxParkedCalls: 10, maxParkedPerClient: 10, questionTimeoutMs: 60_000 }),
        onStart: () => {},
        metaOf: () => undefined,
        replica: undefined,
        replicaOf: () => undefined,
        newId: newUuid,
        ...some,
      })),
  })
  runs.subscribe((event) => {
    if (event.kind === 'run-finished') source?.forget(event.run)
  })
  return {
    ...gateway,
    runs,
    /** Another process, which takes this one for dead. Its steps are called as `call` says. */
    openOther: (call: (step: StepCall) => Promise<JsonObject>) =>
      openRunTable({
        ...options,
        owner: 'other',
        isGone: (owner) => owner === 'self',
        portsOf: () => fakePorts({ call }),
      }),
    source: source!,
    call: (name: string, changes: Partial<Call> = {}, args: JsonObject = {}) =>
      gateway.gateway.call(
        toolCall(name, { client: MODERN_CLIENT, params: { name, arguments: args }, ...changes }),
      ),
    async [Symbol.asyncDispose]() {
      await runs.close()
      await gateway.gateway.close()
      await stores.close()
    },
  }
}

async function asked(reply: Promise<Reply>): Promise<{ state: string; keys: string[] }> {
  const got = await reply
  assert.ok(got.kind === 'input' && got.state !== undefined, JSON.stringify(got))
  return { state: got.state, keys: Object.keys(got.requests ?? {}) }
}

const YES = { confirm: { action: 'accept', content: { sure: true } } }

describe('composite tools as a source', () => {
  it('6.10, 6.11: offer those whose steps all lead somewhere, with their schemas and hints', async () => {
    await using t = await setUp()
    const own = t.gateway.catalogue.tools.filter(({ route }) => route.own)
    assert.deepEqual(
      own.map(({ name }) => name),
      ['add_all', 'add_twice', 'ask', 'ask_many'],
    )
    assert.deepEqual(own[0]?.definition['inputSchema'], ADD.parameters)
    assert.deepEqual(own[0].definition['annotations'], {
      readOnlyHint: false,
      destructiveHint: true,
      openWorldHint: true,
    })
    const notes = t.gateway.catalogue.notes.map(({ message }) => message).join('\n')
    assert.match(notes, /"lost" is not offered: no backend offers "nowhere"/)
    assert.match(notes, /"calc_list" is left out: backend "calc" has a tool of that name/)
  })

  it('6.10 (weak there): leave out only the one whose name a backend has, also where steps call that', async () => {
    await using t = await setUp()
    const steps = [{ id: 'one', tool: 'calc_plus' }]
    const plans = ['calc_plus', 'innocent'].map((name) =>
      parseDefinition({ name, description: 'd', steps }),
    )
    t.source.setPlans(plans)
    t.gateway.sourcesChanged()
    const own = t.gateway.catalogue.tools.filter(({ route }) => route.own)
    assert.deepEqual(
      own.map(({ name }) => name),
      ['innocent'],
    )
    const notes = t.gateway.catalogue.notes.map(({ message }) => message)
    assert.ok(
      notes.some((message) => /"calc_plus" is left out/.test(message)),
      notes.join(),
    )
    const result = (await answerOf(t.call('innocent'))) as JsonObject
    assert.equal(result['isError'], undefined)
  })

  it('run, with arguments that were checked', async () => {
    await using t = await setUp()
    const result = (await answerOf(t.call('add_all', {}, { n: 1 }))) as JsonObject
    assert.deepEqual(result['structuredContent'], {})
    assert.match(
      String(await answerOf(t.call('add_all', {}, { n: 'one' }))),
      /^Invalid arguments for "add_all": n /,
    )
    assert.equal(
      await answerOf(t.call('add_all', { params: { name: 'add_all', arguments: [] } })),
      'params.arguments must be an object',
    )
  })

  it('take the answer of a retry, and give the result to another one', async () => {
    await using t = await setUp()
    const { state, keys } = await asked(t.call('ask'))
    assert.deepEqual(keys, ['confirm'])
    const retry = { state, answers: YES }
    const result = (await answerOf(t.call('ask', { retry }))) as JsonObject
    assert.equal(result['isError'], undefined)
    assert.deepEqual(await answerOf(t.call('ask', { retry })), result)
  })

  it('are found again by a call that is sent again with the name of its run', async () => {
    await using t = await setUp()
    const first = { run: { id: 'run-1', begun: false } }
    assert.equal((await asked(t.call('ask', first))).state, 'run-1')
    const again = { run: { id: 'run-1', begun: true } }
    assert.deepEqual(await asked(t.call('ask', again)), { state: 'run-1', keys: ['confirm'] })
    const retry = { state: 'run-1', answers: YES }
    const result = await answerOf(t.call('ask', { retry }))
    assert.deepEqual(await answerOf(t.call('ask', again)), result)
    assert.equal((await t.runs.list()).length, 1)
  })

  it('can be answered by an operator when they were resumed, since their caller does not come back', async () => {
    await using t = await setUp()
    const { state, keys } = await asked(t.call('ask'))
    const [key = ''] = keys
    const refused = { [key]: { action: 'decline' } }
    await answerOf(t.call('ask', { retry: { state, answers: refused } }))
    assert.equal((await t.runs.get(state))?.status, 'failed')
    assert.equal(t.source.answer(state, key, { action: 'accept' }), false)
    const { outcome } = await t.runs.resume(state)
    while (t.source.questionsOf(state).length === 0) await sleep(2)
    assert.equal((await t.runs.get(state))?.status, 'waiting')
    const [question] = t.source.questionsOf(state)
    assert.equal(question?.key, key)
    assert.ok('requestedSchema' in question.params)
    assert.equal(t.source.answer(state, key, YES.confirm), true)
    assert.equal((await outcome).status, 'completed')
    assert.deepEqual(t.source.questionsOf(state), [])
  })

  it('ask again where the answer is missing', async () => {
    await using t = await setUp()
    const { state } = await asked(t.call('ask'))
    const again = await asked(t.call('ask', { retry: { state, answers: {} } }))
    assert.deepEqual(again, { state, keys: ['confirm'] })
  })

  it('tell who comes back that the run could not be gone on with', async () => {
    const given = {
      id: 'r1',
      status: 'failed',
      endedAt: 1,
      error: 'cannot be continued: its journal',
    }
    const runs = {
      live: () => undefined,
      outcome: async () => undefined,
      get: async () => ({ ...given, steps: [{ step: 'add', status: 'completed' }] }),
    } as unknown as RunTable
    await using t = await setUp(undefined, { runs: () => runs })
    const result = (await answerOf(
      t.call('ask', { retry: { state: 'r1', answers: YES } }),
    )) as JsonObject
    assert.equal(result['isError'], true)
    const { status, error, completed } = result['structuredContent'] as JsonObject
    assert.deepEqual(
      { status, error, completed },
      { status: 'failed', error: given.error, completed: ['add'] },
    )
  })

  it('give the result of a run that ended elsewhere just when it was looked for', async () => {
    const outcomes: (RunOutcome | undefined)[] = [
      undefined,
      { status: 'completed', output: { said: 'late' } },
    ]
    const runs = {
      live: () => undefined,
      outcome: async () => outcomes.shift(),
      get: async () => ({ id: 'r1', status: 'completed', endedAt: 1, steps: [] }),
    } as unknown as RunTable
    await using t = await setUp(undefined, { runs: () => runs })
    const result = (await answerOf(
      t.call('ask', { retry: { state: 'r1', answers: YES } }),
    )) as JsonObject
    assert.deepEqual(result['structuredContent'], { said: 'late' })
  })

  it('refuse who is not the caller, and states of nothing', async () => {
    await using t = await setUp()
    const { state } = await asked(t.call('ask'))
    const principal = { kind: 'oidc', binding: 'idp\0eve' } as const
    const gone = { code: 'GATEWAY_RUN_GONE' }
    await assert.rejects(t.call('ask', { principal, retry: { state, answers: YES } }), gone)
    await assert.rejects(t.call('ask', { retry: { state: 'no-such-run' } }), gone)
    assert.match(String(await answerOf(t.call('ask', { retry: { answers: YES } }))), /requestState/)
  })

  it('refuse a client that cannot be asked before anything is done', async () => {
    await using t = await setUp()
    const client = { ...MODERN_CLIENT, capabilities: {} }
    await assert.rejects(t.call('ask', { client }), {
      code: 'MCP_CLIENT_CANNOT_ANSWER',
      message:
        'Cannot ask the client for "elicitation/create": the client did not declare the capability "elicitation", and step "confirm" of "ask" has to ask it',
    })
    assert.deepEqual(await t.runs.list(), [])
  })

  for (const era of ['modern', 'legacy'] as const) {
    it(`say which capability a client lacks for which step, once a step has to ask it (${era})`, async () => {
      await using t = await setUp()
      const client = { ...(era === 'modern' ? MODERN_CLIENT : LEGACY_CLIENT), capabilities: {} }
      const refusal = mcpErrors.CLIENT_CANNOT_ANSWER({
        method: 'elicitation/create',
        reason: 'the client did not declare the capability "elicitation"',
        requiredCapabilities: { elicitation: {} },
      })
      const ask = (): Promise<never> => Promise.reject(refusal)
      const calm = await answerOf(t.call('ask_many', { client, ask }, { n: 1 }))
      assert.equal((calm as JsonObject)['isError'], undefined)
      const refused = answerOf(t.call('ask_many', { client, ask }, { n: 11 }))
      const why = /did not declare the capability "elicitation"/
      if (era === 'modern') {
        await assert.rejects(refused, (error: Error) => {
          assert.match(error.message, why)
          return /step "confirm" of "ask_many"/.test(error.message)
        })
      } else {
        const text = JSON.stringify(await refused)
        assert.match(text, /step \\"confirm\\" failed: cannot ask the caller/)
        assert.match(text, /did not declare the capability \\+"elicitation/)
      }
      // It did begin, and is to be found.
      const [run] = await t.runs.list()
      assert.deepEqual([run?.status, run?.failedStep], ['failed', 'confirm'])
      assert.match(run!.error!, why)
    })
  }

  it('tell why they failed, though a backend asked for what the client does not have', async () => {
    for (const method of ['roots/list', 'sampling/createMessage'] as const) {
      await using t = await setUp(async (request) => {
        await request.onQuestion?.({ method, params: {} }).catch(() => {})
        return resultReply({ isError: true, content: [{ type: 'text', text: 'no such thing' }] })
      })
      const client = { ...MODERN_CLIENT, capabilities: {} }
      const reply = answerOf(t.call('add_all', { client }, { n: 1 }))
      if (method === 'roots/list') assert.match(JSON.stringify(await reply), /no such thing/)
      else await assert.rejects(reply, { code: 'MCP_CLIENT_CANNOT_ANSWER' })
    }
  })

  it('end with the last call that waits for them', async () => {
    await using t = await setUp(() => new Promise(() => {}))
    const [one, two] = [new Cancellation(), new Cancellation()]
    const { state } = await asked(t.call('ask'))
    const waiting = [one, two].map((cancellation) =>
      t.call('ask', { cancellation, retry: { state, answers: YES } }),
    )
    await sleep(20)
    one.cancel('gone')
    await sleep(20)
    assert.equal((await t.runs.list())[0]?.status, 'running')
    two.cancel('gone')
    await Promise.all(waiting)
    assert.equal((await t.runs.list())[0]?.status, 'cancelled')
  })

  it('are not cancelled by the end of a process, which sends its clients to the next', async () => {
    await using t = await setUp(() => new Promise(() => {}))
    const cancellation = new Cancellation()
    const { state } = await asked(t.call('ask'))
    const waiting = t.call('ask', { cancellation, retry: { state, answers: YES } })
    await sleep(20)
    t.source.leave()
    cancellation.cancel('the server is shutting down')
    await t.runs.close()
    assert.deepEqual(await waiting, { kind: 'input', state })
  })

  it('tell a caller how they ended in another process that took them over, not to call anew', async () => {
    const answered = Promise.withResolvers<Reply>()
    let calls = 0
    await using t = await setUp(() => {
      calls += 1
      return answered.promise
    })
    const reply = t.call('add_twice', { client: LEGACY_CLIENT })
    await until(() => calls === 1)
    const others: string[] = []
    const other = await t.openOther(async ({ step }) => {
      others.push(step)
      return { content: [], structuredContent: { by: 'other' } }
    })
    assert.equal(await other.recover(), 1)
    await other.idle()
    answered.resolve(resultReply({ content: [] }))
    const result = (await answerOf(reply)) as JsonObject
    assert.match(JSON.stringify(result), /outcome unknown of step \\"one\\"/)
    assert.deepEqual([calls, others], [1, []], 'nothing is done twice, and nothing more')
    await other.close()
  })

  it('are of unknown outcome where nobody can say how they end', async () => {
    const answered = Promise.withResolvers<Reply>()
    let calls = 0
    await using t = await setUp(() => {
      calls += 1
      return answered.promise
    })
    const cancellation = new Cancellation()
    const key = { 'toolhive.stacklok.dev/idempotencyKey': 'k1' }
    const params = { name: 'add_twice', arguments: {}, _meta: key }
    const reply = t.call('add_twice', { client: LEGACY_CLIENT, cancellation, params })
    await until(() => calls === 1)
    const other = await t.openOther(() => new Promise(() => {}))
    await other.recover()
    await other.idle()
    const [run] = await other.list()
    await other.resume(run!.id)
    answered.resolve(resultReply({ content: [] }))
    await sleep(20)
    t.source.leave()
    cancellation.cancel('the server is shutting down')
    await assert.rejects(reply, (error: AppError) => {
      assert.equal(error.code, 'WORKFLOW_RUN_OUTCOME_UNKNOWN')
      assert.deepEqual([error.details['run'], error.details['idempotencyKey']], [run!.id, 'k1'])
      return /Send the same call with the same idempotency key/.test(error.hint ?? '')
    })
    assert.equal((await other.list())[0]?.status, 'running', 'it goes on')
    await other.close()
  })

  it('go on when a reload takes them away, and answer whoever comes back', async () => {
    await using t = await setUp()
    const { state } = await asked(t.call('ask'))
    t.source.setPlans([])
    t.gateway.sourcesChanged()
    assert.equal(await answerOf(t.call('ask')), 'Unknown tool: ask')
    const result = (await answerOf(t.call('ask', { retry: { state, answers: YES } }))) as JsonObject
    assert.equal(result['isError'], undefined)
  })

  it('answer whoever comes back for a run of an earlier process, though their tool is not there (yet)', async () => {
    const runs = {
      live: () => undefined,
      outcome: async () => ({ status: 'completed', output: { n: 1 } }) as const,
      get: async (id: string) => (id === 'r1' ? { id } : undefined),
    } as unknown as RunTable
    const recovered = Promise.withResolvers<void>()
    await using t = await setUp(undefined, { runs: () => runs, recovered: recovered.promise })
    t.source.setPlans([])
    t.gateway.sourcesChanged()
    const back = answerOf(t.call('ask', { retry: { state: 'r1', answers: YES } }))
    const again = answerOf(t.call('ask', { run: { id: 'r1', begun: true } }))
    const stranger = answerOf(t.call('ask', { retry: { state: 'r2', answers: YES } }))
    assert.equal(await stranger, 'Unknown tool: ask')
    assert.equal(await Promise.race([back, sleep(10, 'it waits')]), 'it waits')
    recovered.resolve()
    for (const answer of [back, again]) {
      assert.deepEqual(((await answer) as JsonObject)['structuredContent'], { n: 1 })
    }
  })
})

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if (holds()) return
    await sleep(2)
  }
  assert.fail('it never came')
}
