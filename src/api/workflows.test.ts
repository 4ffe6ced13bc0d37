import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import { parseJson } from '../base/parse-json.ts'
import { createHostGuard } from '../mcp/host-guard.ts'
import { silentLogger } from '../telemetry/logger.ts'
import type { WorkflowPlan } from '../workflow/plan.ts'
import type { RunEvent } from '../workflow/run-events.ts'
import type { LiveRun, RunDetails, RunTable } from '../workflow/runs.ts'
import { createWorkflowApi } from './workflows.ts'

const KEY = 'key-of-the-api'
const AUTHORIZED = { authorization: `Bearer ${KEY}` }
const START = Date.UTC(2026, 10, 28)

const details = (id: string, rest: Partial<RunDetails> = {}): RunDetails => ({
  id,
  workflow: 'triage',
  status: 'running',
  startedAt: START,
  owner: 'p1',
  caller: { binding: 'issuer person' },
  args: { repo: 'a/b', password: 'hunter2hunter2' },
  journalBytes: 120,
  steps: [
    {
      step: 'list',
      kind: 'tool',
      tool: 'gh_list',
      status: 'completed',
      tries: 2,
      outputBytes: 40,
      startedAt: START + 10,
      endedAt: START + 60,
    },
    {
      step: 'label',
      kind: 'tool',
      tool: 'gh_label',
      status: 'running',
      tries: 1,
      outputBytes: 0,
      startedAt: START + 60,
    },
    { step: 'tell', kind: 'tool', tool: 'say', status: 'pending', tries: 0, outputBytes: 0 },
  ],
  ...rest,
})

const PLAN: WorkflowPlan = {
  name: 'triage',
  description: 'Labels what is open',
  definition: {},
  annotations: undefined,
  parameters: undefined,
  timeoutMs: 0,
  maxParallel: 10,
  steps: [],
  output: undefined,
  digest: 'd',
}

/** A table of the given runs, and what was asked of it. */
function fakeTable(runs: RunDetails[]) {
  const asked: string[] = []
  const listeners = new Set<(event: RunEvent) => void>()
  const table: Pick<RunTable, 'list' | 'get' | 'cancel' | 'resume' | 'subscribe'> = {
    list: () => Promise.resolve(runs),
    get: (id) => Promise.resolve(runs.find((run) => run.id === id)),
    cancel(id, reason) {
      asked.push(`cancel ${id}: ${reason}`)
      return Promise.resolve(runs.find((run) => run.id === id)?.status === 'running')
    },
    resume(id) {
      asked.push(`resume ${id}`)
      const live = { id, plan: PLAN, outcome: Promise.withResolvers<never>().promise }
      return Promise.resolve(live as unknown as LiveRun)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const happen = (event: RunEvent): void => {
    for (const listener of listeners) listener(event)
  }
  return { table: table as RunTable, asked, happen, listeners }
}

async function withApi(
  runs: RunDetails[],
  use: (origin: string, fake: ReturnType<typeof fakeTable>) => Promise<void>,
  guard: Parameters<typeof createWorkflowApi>[0]['guard'] = () => undefined,
  questions: readonly { run: string; key: string; params: JsonObject }[] = [],
): Promise<void> {
  const fake = fakeTable(runs)
  const api = createWorkflowApi({
    runs: fake.table,
    questions: {
      of: (run) => questions.filter(({ run: its }) => its === run),
      answer(run, key, answer) {
        fake.asked.push(`answer ${run} ${key}: ${JSON.stringify(answer)}`)
        return questions.some((each) => each.run === run && each.key === key)
      },
    },
    plans: () => [PLAN],
    guard,
    key: KEY,
    now: () => START + 1000,
    log: silentLogger,
  })
  const server = createServer((request, response) => {
    if (!api.handle(request, response)) response.writeHead(418).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, fake)
  } finally {
    api.close()
    server.closeAllConnections()
    server.close()
  }
}

const post = (url: string, body = '{}', type = 'application/json'): Promise<Response> =>
  fetch(url, { method: 'POST', body, headers: { ...AUTHORIZED, 'content-type': type } })

const get = (url: string): Promise<Response> => fetch(url, { headers: AUTHORIZED })

describe('6.12 (weak there): the API of runs', () => {
  it('lists runs, by status and tool, and as many as wanted', () =>
    withApi(
      [details('r1'), details('r2', { status: 'failed', endedAt: START + 90 })],
      async (at) => {
        const all = await (await get(`${at}/api/workflows`)).json()
        assert.deepEqual((all as { runs: object[] }).runs[1], {
          id: 'r2',
          workflow: 'triage',
          status: 'failed',
          startedAt: '2026-11-28T00:00:00.000Z',
          endedAt: '2026-11-28T00:00:00.090Z',
          durationMs: 90,
          owner: 'p1',
        })
        const ids = async (query: string): Promise<string[]> => {
          const body = await (await get(`${at}/api/workflows?${query}`)).json()
          return (body as { runs: { id: string }[] }).runs.map(({ id }) => id)
        }
        assert.deepEqual(await ids('status=running'), ['r1'])
        assert.deepEqual(await ids('workflow=other'), [])
        assert.deepEqual(await ids('limit=1'), ['r1'])
        assert.equal((await get(`${at}/api/workflows?limit=x`)).status, 400)
        assert.equal((await get(`${at}/api/workflows?status=foo`)).status, 400)
      },
    ))

  it('shows the timeline of one run, without secrets and without whose it is', () =>
    withApi([details('r1')], async (at) => {
      const text = await (await get(`${at}/api/workflows/r1`)).text()
      assert.doesNotMatch(text, /hunter2|issuer/)
      const run = JSON.parse(text) as { steps: object[]; durationMs: number }
      assert.equal(run.durationMs, 1000)
      assert.deepEqual(run.steps, [
        {
          step: 'list',
          kind: 'tool',
          tool: 'gh_list',
          status: 'completed',
          tries: 2,
          outputBytes: 40,
          startedMs: 10,
          durationMs: 50,
        },
        {
          step: 'label',
          kind: 'tool',
          tool: 'gh_label',
          status: 'running',
          tries: 1,
          outputBytes: 0,
          startedMs: 60,
          durationMs: 940,
        },
        { step: 'tell', kind: 'tool', tool: 'say', status: 'pending', tries: 0, outputBytes: 0 },
      ])
    }))

  it('shows numbers as they are, and whatever a tool said', () =>
    withApi(
      [
        {
          ...details('r1'),
          args: { id: parseJson('9007199254740993'), page: '<a href="?code=1">' } as JsonObject,
        },
      ],
      async (at) => {
        const text = await (await get(`${at}/api/workflows/r1`)).text()
        assert.match(text, /"id":9007199254740993,"page":"<a href=\\"\?code=\[redacted\]\\">"/)
      },
    ))

  it('cancels and resumes, and says why it cannot', () =>
    withApi([details('r1'), details('r2', { status: 'failed' })], async (at, { asked }) => {
      assert.equal((await post(`${at}/api/workflows/r1/cancel`, '{"reason":"enough"}')).status, 202)
      assert.equal((await post(`${at}/api/workflows/r2/cancel`)).status, 409)
      assert.equal((await post(`${at}/api/workflows/r2/resume`)).status, 202)
      assert.deepEqual(asked, [
        'cancel r1: enough',
        'cancel r2: cancelled by an operator',
        'resume r2',
      ])
      const missing = await post(`${at}/api/workflows/nope/cancel`)
      assert.equal(missing.headers.get('content-type'), 'application/problem+json')
      assert.deepEqual(await missing.json(), {
        type: 'about:blank',
        status: 404,
        title: 'There is no run "nope"',
        code: 'WORKFLOW_RUN_NOT_FOUND',
        hint: 'Ended runs are kept for workflows.keepRuns; list those there are',
      })
    }))

  it('shows open questions, and answers them in place of the client', () =>
    withApi(
      [details('r1'), details('r2'), details('r3', { status: 'waiting' })],
      async (at, { asked }) => {
        const shown = await (await get(`${at}/api/workflows/r1`)).json()
        assert.deepEqual((shown as { questions: unknown }).questions, [
          { question: 'q', message: 'Sure?', schema: { type: 'object' } },
        ])
        const answer = (run: string, body: object) =>
          post(`${at}/api/workflows/${run}/answer`, JSON.stringify(body))
        assert.equal((await answer('r1', { action: 'accept', content: { a: 1 } })).status, 202)
        assert.equal((await answer('r1', { action: 'accept' })).status, 202)
        assert.equal((await answer('r2', { action: 'decline', question: 'b' })).status, 202)
        assert.deepEqual(asked, [
          'answer r1 q: {"action":"accept","content":{"a":1}}',
          'answer r1 q: {"action":"accept","content":{}}',
          'answer r2 b: {"action":"decline"}',
        ])
        for (const [run, body, status, title] of [
          ['r2', { action: 'cancel' }, 409, /has these questions open: a, b/],
          ['r3', { action: 'cancel' }, 409, /is waiting and has no question open here/],
          ['r4', { action: 'cancel' }, 404, /no run "r4"/],
          ['r1', { action: 'maybe' }, 400, /no action that is accept, decline or cancel/],
          ['r1', { action: 'accept', content: [1] }, 400, /content that is no object/],
          ['r1', { action: 'decline', content: {} }, 400, /goes only with accept/],
          ['r1', { action: 'decline', question: 1 }, 400, /question that is no text/],
          ['r1', { action: 'decline', step: 'q' }, 400, /has "step"/],
        ] as const) {
          const refused = await answer(run, body)
          assert.equal(refused.status, status)
          assert.match(((await refused.json()) as { title: string }).title, title)
        }
      },
      undefined,
      [
        {
          run: 'r1',
          key: 'q',
          params: { mode: 'form', message: 'Sure?', requestedSchema: { type: 'object' } },
        },
        { run: 'r2', key: 'a', params: {} },
        { run: 'r2', key: 'b', params: {} },
      ],
    ))

  it('refuses parameters that it does not know', () =>
    withApi([details('r1')], async (at) => {
      const refused = await get(`${at}/api/workflows?state=failed`)
      assert.equal(refused.status, 400)
      const { title, hint } = (await refused.json()) as { title: string; hint: string }
      assert.equal(title, 'There is no parameter "state" here')
      assert.equal(hint, 'There are status, workflow, limit')
      assert.equal((await get(`${at}/api/workflows/r1?limit=1`)).status, 400)
    }))

  it('takes changes as JSON only, which no form of a page can post', () =>
    withApi([details('r1')], async (at, { asked }) => {
      const url = `${at}/api/workflows/r1/cancel`
      assert.equal((await post(url, 'reason=x', 'application/x-www-form-urlencoded')).status, 415)
      assert.equal((await post(url, '[]')).status, 400)
      assert.equal((await post(url, '{"reason":7}')).status, 400)
      assert.equal((await post(url, 'x'.repeat(70_000))).status, 400)
      assert.equal((await get(url)).status, 405)
      assert.equal((await get(`${url}/more`)).status, 404)
      assert.deepEqual(asked, [])
    }))

  it('streams one run from its state to its end', () =>
    withApi([details('r1')], async (at, { happen, listeners }) => {
      const response = await get(`${at}/api/workflows/r1/events`)
      const of = (run: string) => ({ run, workflow: 'triage' }) as const
      happen({ ...of('r2'), kind: 'step-started', step: 'x' })
      happen({ ...of('r1'), kind: 'step-started', step: 'tell' })
      happen({ ...of('r1'), kind: 'run-finished', status: 'completed', durationMs: 5 })
      const names = [...(await response.text()).matchAll(/^event: (.*)$/gm)].map(([, name]) => name)
      assert.deepEqual(names, ['run', 'step-started', 'run-finished'])
      assert.equal(listeners.size, 0)
    }))

  it('ends the stream of a run that has ended', () =>
    withApi([details('r1', { status: 'completed' })], async (at) => {
      const text = await (await get(`${at}/api/workflows/r1/events`)).text()
      assert.match(text, /^event: run\ndata: \{.*\}\n\n$/)
    }))

  it('lists the composite tools and draws them', () =>
    withApi([], async (at) => {
      const body = await (await get(`${at}/api/workflows/definitions`)).json()
      assert.deepEqual(body, {
        tools: [{ name: 'triage', description: 'Labels what is open', steps: [] }],
      })
      const url = `${at}/api/workflows/definitions/triage/graph`
      assert.match(await (await get(`${url}?format=mermaid`)).text(), /^flowchart TD/)
      assert.equal((await get(`${url}?format=png`)).status, 400)
      assert.equal((await get(url.replace('triage', 'none'))).status, 404)
    }))

  it('answers only who has the key', () =>
    withApi([details('r1')], async (at, { asked }) => {
      const url = `${at}/api/workflows/r1/cancel`
      const [none, wrong] = await Promise.all(
        [{}, { authorization: 'Bearer wrong' }].map((headers) =>
          fetch(url, { method: 'POST', body: '{}', headers }),
        ),
      )
      for (const response of [none!, wrong!]) {
        assert.equal(response.status, 401)
        assert.equal(response.headers.get('www-authenticate'), 'Bearer')
        assert.equal(((await response.json()) as { code: string }).code, 'API_NO_KEY')
      }
      assert.deepEqual(asked, [])
    }))

  it('leaves other paths alone and heeds the guard', async () => {
    await withApi([], async (at) => {
      assert.equal((await get(`${at}/api/workflowsx`)).status, 418)
    })
    await withApi(
      [],
      async (at) => {
        const answer = await get(`${at}/api/workflows`)
        assert.equal(answer.status, 403)
        assert.match(await answer.text(), /server\.allowedHosts/)
      },
      createHostGuard({ allowedHosts: ['other.example'] }),
    )
  })
})
