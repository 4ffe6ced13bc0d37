import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { createWorkflowApi } from '../api/workflows.ts'
import { silentLogger } from '../telemetry/logger.ts'
import type { RunEvent } from '../workflow/run-events.ts'
import type { LiveRun, RunDetails, RunTable } from '../workflow/runs.ts'
import { runCli as runCliIn, tempHome } from './testing/run-cli.ts'

const KEY = 'key-of-the-api'
const ID = '0199c300-0000-4000-8000-000000000001'
const OTHER = '0199c3ff-0000-4000-8000-000000000002'

function fakeRun(id: string, status: RunDetails['status']): RunDetails {
  return {
    id,
    workflow: 'triage',
    status,
    startedAt: 1_000,
    owner: 'p1',
    caller: {},
    args: {},
    journalBytes: 1,
    steps: [
      {
        step: 'list',
        kind: 'tool',
        tool: 'gh_list',
        status: 'running',
        tries: 1,
        outputBytes: 0,
        startedAt: 1_000,
      },
    ],
  }
}

const QUESTIONS = [
  { key: 'sure', params: { message: 'Close it?', requestedSchema: { type: 'object' } } },
]

function runCli(args: readonly string[], env = {}): ReturnType<typeof runCliIn> {
  return runCliIn(args, { THV_API_KEY: KEY, ...env })
}

async function withServer(
  listener: RequestListener,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** A gateway with one run under way, which ends as `end` says once somebody watches, and one that failed. */
function withGateway(
  use: (url: string, asked: string[]) => Promise<void>,
  end: 'completed' | 'failed' = 'completed',
): Promise<void> {
  const runs = [fakeRun(ID, 'running'), fakeRun(OTHER, 'failed')]
  const asked: string[] = []
  const finish = (listener: (event: RunEvent) => void): void => {
    runs[0] = fakeRun(ID, end)
    listener({ kind: 'run-finished', run: ID, workflow: 'triage', status: end, durationMs: 9 })
  }
  const table = {
    list: () => Promise.resolve(runs),
    get: (id: string) => Promise.resolve(runs.find((run) => run.id === id)),
    cancel(id: string, reason: string) {
      asked.push(`cancel ${id}: ${reason}`)
      return Promise.resolve(true)
    },
    resume(id: string) {
      asked.push(`resume ${id}`)
      const live = { id, plan: { name: 'triage' }, outcome: Promise.withResolvers<never>().promise }
      return Promise.resolve(live as unknown as LiveRun)
    },
    subscribe(listener: (event: RunEvent) => void) {
      const timer = setTimeout(() => finish(listener), 50)
      return () => clearTimeout(timer)
    },
  } satisfies Partial<RunTable>
  const api = createWorkflowApi({
    runs: table as unknown as RunTable,
    questions: {
      of: (run) => (run === ID ? QUESTIONS : []),
      answer(run, key, answer) {
        asked.push(`answer ${run} ${key}: ${JSON.stringify(answer)}`)
        return true
      },
    },
    plans: () => [],
    guard: () => undefined,
    key: KEY,
    now: () => 2_000,
    log: silentLogger,
  })
  return withServer(
    (request, response) => void api.handle(request, response),
    (url) => use(url, asked),
  )
}

describe('thv workflow', () => {
  it('shows the question of a run, and answers it', () =>
    withGateway(async (url, asked) => {
      const shown = await runCli(['workflow', 'show', ID, '--url', url])
      assert.match(shown.stdout, /^sure asks: Close it\?\n {2}an answer fits \{"type":"object"\}$/m)
      const answer = (...flags: string[]) =>
        runCli(['workflow', 'answer', ID, '--url', url, ...flags])
      const accepted = await answer('--accept', '{"sure":true}')
      assert.equal(accepted.code, 0, accepted.stderr)
      assert.match(accepted.stdout, /has its answer/)
      await answer('--decline')
      await answer('--cancel', '--question', 'other')
      assert.deepEqual(asked, [
        `answer ${ID} sure: {"action":"accept","content":{"sure":true}}`,
        `answer ${ID} sure: {"action":"decline"}`,
        `answer ${ID} other: {"action":"cancel"}`,
      ])
      assert.match((await answer()).stderr, /--accept, --decline or --cancel/)
      assert.match((await answer('--decline', '--cancel')).stderr, /one of them/)
      assert.match((await answer('--accept', '[1]')).stderr, /is not a JSON object/)
      assert.match((await answer('--accept', '{')).stderr, /is not JSON/)
      const none = await runCli(['workflow', 'answer', OTHER, '--url', url, '--decline'])
      assert.match(none.stderr, /is failed and has no question open here/)
    }))

  it('lists runs', () =>
    withGateway(async (url) => {
      const { code, stdout } = await runCli(['workflow', 'list', '--url', url])
      assert.equal(code, 0)
      assert.match(stdout, /^RUN .*\n0199c300\S+ +triage +running .*\n0199c3ff\S+ +triage +failed/)
      const json = await runCli(['workflow', 'list', '--url', url, '--format', 'json'])
      assert.equal((JSON.parse(json.stdout) as { total: number }).total, 2)
      const some = await runCli(['workflow', 'list', '--url', url, '--limit', '1'])
      assert.equal(some.stderr, '1 more: --limit 2\n')
      const odd = await runCli(['workflow', 'list', '--url', url, '--status', 'foo'])
      assert.equal(odd.code, 1)
      assert.match(odd.stderr, /The value "foo" of --status is not a status of runs\n/)
      assert.match(odd.stderr, /Try: --status running, waiting, completed, .* or outcome_unknown/)
      const close = await runCli(['workflow', 'list', '--url', url, '--status', 'complete'])
      assert.match(close.stderr, /Try: --status completed\n/)
    }))

  it('says that a gateway has no composite tools', () =>
    withServer(
      (request, response) => {
        const isList = request.url?.startsWith('/api/workflows?') === true
        response.end(JSON.stringify(isList ? { runs: [], total: 0 } : { tools: [] }))
      },
      async (url) => {
        const { code, stdout, stderr } = await runCli(['workflow', 'list', '--url', url])
        assert.deepEqual([code, stdout], [0, 'No runs.\n'])
        assert.equal(stderr, `The gateway at ${url} has no composite tools\n`)
      },
    ))

  it('shows a run that the beginning of its id names', () =>
    withGateway(async (url) => {
      const { code, stdout } = await runCli(['workflow', 'show', '0199c300', '--url', url])
      assert.equal(code, 0)
      assert.match(stdout, /^triage {2}running for 1\.0s\n/)
      const two = await runCli(['workflow', 'show', '0199c3', '--url', url])
      assert.match(two.stderr, /Several runs begin with "0199c3"/)
      const none = await runCli(['workflow', 'show', 'x', '--url', url])
      assert.match(none.stderr, /\[CLI_NO_SUCH_RUN\]/)
      assert.equal(none.code, 1)
    }))

  it('follows a run to its end, and its exit code tells how that was', async () => {
    for (const end of ['completed', 'failed'] as const) {
      await withGateway(async (url) => {
        const { code, stdout } = await runCli(['workflow', 'show', ID, '-f', '--url', url])
        assert.equal(code, end === 'completed' ? 0 : 1)
        assert.match(stdout, new RegExp(`^run finished ${end} after 9ms\n\ntriage {2}${end}`))
      }, end)
    }
  })

  it('cancels and resumes', () =>
    withGateway(async (url, asked) => {
      await runCli(['workflow', 'cancel', ID, '--reason', 'enough', '--url', url])
      const { stdout } = await runCli(['workflow', 'resume', OTHER, '--url', url])
      assert.match(stdout, /goes on; watch it: thv workflow show 0199c3ff/)
      assert.deepEqual(asked, [`cancel ${ID}: enough`, `resume ${OTHER}`])
    }))

  it('says what the gateway says', () =>
    withGateway(async (url) => {
      const missing = ID.replace('1', '7')
      const { code, stderr } = await runCli(['workflow', 'cancel', missing, '--url', url])
      assert.equal(code, 1)
      assert.match(stderr, /^Error \[WORKFLOW_RUN_NOT_FOUND\] There is no run "0799/)
    }))

  it('says that there is no gateway', async () => {
    const { code, stderr } = await runCli(['workflow', 'list', '--url', 'http://127.0.0.1:1'])
    assert.equal(code, 1)
    assert.match(stderr, /\[CLI_NO_GATEWAY\] No gateway answers at http:\/\/127\.0\.0\.1:1: /)
    assert.match(stderr, /Try: thv vmcp serve -c FILE starts one/)
    const bad = await runCli(['workflow', 'list', '--url', 'nonsense'])
    assert.match(bad.stderr, /The value "nonsense" of --url is no address/)
    await withServer(
      (_, response) => response.end('<html>'),
      async (url) => {
        const other = await runCli(['workflow', 'list', '--url', url])
        assert.match(other.stderr, /nothing that a gateway would say/)
      },
    )
  })
})

const FILE = `name: a
groupRef: a
incomingAuth: { type: anonymous }
outgoingAuth: { source: inline }
aggregation:
  conflictResolution: prefix
  conflictResolutionConfig: { prefixFormat: '{workload}_' }
backends:
  - { name: calc, transport: stdio, command: none }
compositeTools:
  - name: add_up
    description: Adds up numbers
    parameters:
      type: object
      properties:
        numbers: { type: array, items: { type: integer }, default: [1, 2] }
    steps:
      - id: sums
        type: forEach
        collection: '{{json .params.numbers}}'
        step: { id: one, tool: calc_sum, arguments: { a: '{{.forEach.item}}' } }
      - id: say
        tool: calc_say
        arguments: { message: '{{.steps.sums.output.count}} sums' }
`

describe('thv workflow with a file', () => {
  it('explains what it draws, in which formats', async () => {
    const { stdout, code } = await runCli(['workflow', 'graph', '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /^Draw the steps of composite tools\.\n\nPrints every composite tool/)
    assert.match(stdout, /--format FORMAT +text, or mermaid for a flowchart \(default text\)/)
    assert.match(stdout, /Examples:\n.*\n.*--format mermaid/)
  })

  it('6.1: warns of a name that clients may refuse, wherever the file is used', async () => {
    using home = tempHome({ 'vmcp.yaml': FILE.replace('name: add_up', 'name: add up') })
    const file = home.path('vmcp.yaml')
    const warning =
      /warning: \S+vmcp\.yaml:\d+:\d+ compositeTools\[0\]\.name: is not what clients take/
    const run = await runCli(['workflow', 'run', file, 'add up', '--dry-run'])
    assert.deepEqual([run.code, warning.test(run.stderr)], [0, true], run.stderr)
    const checked = await runCli(['vmcp', 'validate', '--config', file])
    assert.equal(checked.code, 0)
    assert.match(checked.stdout + checked.stderr, warning)
  })

  it('draws composite tools', async () => {
    using home = tempHome({ 'vmcp.yaml': FILE })
    const file = home.path('vmcp.yaml')
    const all = await runCli(['workflow', 'graph', file], home.env)
    assert.equal(all.code, 0, all.stderr)
    assert.match(all.stdout, /^add_up \(at most 30m0s\)\n {2}sums {2}for each item: calc_sum/)
    const one = await runCli(['workflow', 'graph', file, 'add_up', '--format', 'mermaid'])
    assert.match(one.stdout, /^flowchart TD\n/)
    const none = await runCli(['workflow', 'graph', file, 'addup'])
    assert.match(none.stderr, /has no composite tool "addup"\nTry: did you mean "add_up"\?/)
    assert.match((await runCli(['workflow', 'graph', file, '--format', 'png'])).stderr, /"png"/)
  })

  it('tells what a run would do, with every argument', async () => {
    using home = tempHome({ 'vmcp.yaml': FILE, 'args.json': '{"numbers":[7]}' })
    const dry = (...args: string[]) =>
      runCli(['workflow', 'run', home.path('vmcp.yaml'), 'add_up', '--dry-run', ...args])
    const { code, stdout, stderr } = await dry()
    assert.equal(code, 0)
    assert.match(
      stderr,
      /^The types of arguments may differ: no backend told the input schema of calc_sum, calc_say$/m,
    )
    assert.equal(
      stdout,
      '1. sums: calls calc_sum for 2 items, the first with\n   a: 1\n' +
        '2. say: calls calc_say  (after sums)\n   message: {{.steps.sums.output.count}} sums\n',
    )
    assert.match((await dry('--args', `@${home.path('args.json')}`)).stdout, /for 1 items/)
    const json = await dry('--format', 'json', '--args', '{"numbers":[]}')
    assert.equal((JSON.parse(json.stdout) as { tool: string }).tool, 'add_up')
    for (const [args, reason] of [
      ['{"numbers":[2.5]}', /does not fit add_up: numbers\[0\] must be a whole number/],
      ['[]', /is not a JSON object/],
      ['{', /is not JSON/],
      ['@/nowhere', /cannot be read/],
    ] as const) {
      const bad = await dry('--args', args)
      assert.equal(bad.code, 1)
      assert.match(bad.stderr, reason)
    }
  })
})
