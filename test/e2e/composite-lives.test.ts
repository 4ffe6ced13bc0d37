import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChild } from '../support/child.ts'
import { gatewayConfig, killGateway, startGateway, type Gateway } from '../support/gateway.ts'
import { openModern, openSession, readEvents, sendModern } from '../support/raw-mcp.ts'
import { askingComposite, useCompositeLab } from '../support/composite-lab.ts'
import { until } from '../support/until.ts'
import { fetchApi, API_ENV } from '../support/api-key.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const PATIENCE_MS = 30_000
const CAN_ANSWER = { capabilities: { elicitation: {} } }
const QUESTION_MS = 4000

const COMPOSITES = [
  askingComposite({ name: 'ask', timeout: '10m' }),
  askingComposite({ name: 'ask_soon', timeout: `${QUESTION_MS}ms` }),
  {
    name: 'careless',
    description: 'Waits',
    steps: [
      { id: 'first', tool: 'set' },
      { id: 'wait', tool: 'wait', arguments: { ms: 1500 }, dependsOn: ['first'] },
      { id: 'last', tool: 'say', dependsOn: ['wait'] },
    ],
  },
]

interface Shown {
  readonly id: string
  readonly status: string
  readonly error?: string
}

describe('runs over several lives of a gateway', () => {
  const t = useCompositeLab()

  const start = () =>
    startGateway(
      gatewayConfig(
        { lab: t.lab.entry },
        {
          compositeTools: COMPOSITES,
          sessionStorage: { provider: 'sqlite', path: join(t.folder.path, 'gateway.db') },
        },
      ),
    )
  const call = async (gateway: Gateway, name: string, more: Record<string, unknown> = {}) => {
    const params = { name, arguments: {}, ...more }
    const { response } = await sendModern(gateway.url, 'tools/call', params, CAN_ANSWER)
    assert.ok(response.result, JSON.stringify(response))
    return response.result
  }
  const runs = async ({ origin }: Gateway) => {
    const response = await fetchApi(`${origin}/api/workflows`)
    return ((await response.json()) as { runs: Shown[] }).runs
  }
  const untilStatus = (gateway: Gateway, status: string) =>
    until(
      `a run that is ${status}`,
      async () => (await runs(gateway)).find((run) => run.status === status),
      PATIENCE_MS,
    )
  const thv = async (gateway: Gateway, ...args: string[]) => {
    const url = ['--url', gateway.origin]
    await using child = startChild(process.execPath, [CLI, 'workflow', ...args, ...url], {
      env: { ...process.env, ...API_ENV },
    })
    const [code] = (await once(child.process, 'close')) as [number | null]
    return { code, output: child.output() }
  }

  it('take the answer after two crashes, with the first state or the last', async () => {
    const first = await start()
    const [one, other] = [await call(first, 'ask'), await call(first, 'ask')]
    await killGateway(first)
    const second = await start()
    const again = await call(second, 'ask', { requestState: other['requestState'] })
    assert.deepEqual(again['inputRequests'], other['inputRequests'])
    await killGateway(second)

    await using third = await start()
    const inputResponses = { confirm: { action: 'accept', content: { sure: true } } }
    for (const { requestState } of [one, again]) {
      const result = await call(third, 'ask', { requestState, inputResponses })
      assert.equal(result['resultType'], 'complete', JSON.stringify(result))
    }
    assert.deepEqual(t.lab.executed, ['set', 'set', 'say', 'say'])
  })

  it('end as the composite tool says when a legacy client declines after a crash', async () => {
    const first = await start()
    const session = await openSession(first.url, CAN_ANSWER)
    const opened = await session.open('tools/call', { name: 'ask', arguments: {} })
    await questionOn(opened)
    await killGateway(first)

    await using second = await start()
    const headers = { 'mcp-session-id': session.id, 'mcp-protocol-version': session.version }
    const accept = 'application/json, text/event-stream'
    const stream = await fetch(second.url, {
      headers: { ...headers, accept: 'text/event-stream' },
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const id = await questionOn(stream)
    const answered = await fetch(second.url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept },
      body: JSON.stringify({ jsonrpc: '2.0', id, result: { action: 'decline' } }),
    })
    assert.equal(answered.status, 202)
    assert.match((await untilStatus(second, 'failed')).error ?? '', /declined to answer/)
    assert.deepEqual(t.lab.executed, ['set'])
  })

  it('end when the time of their question went by while no gateway was there, and tell the client', async () => {
    const first = await start()
    const { requestState } = await call(first, 'ask_soon')
    await killGateway(first)
    await sleep(QUESTION_MS)

    await using second = await start()
    const { error = '' } = await untilStatus(second, 'failed')
    assert.match(error, /step "confirm" failed: the caller did not answer in time/)
    const inputResponses = { confirm: { action: 'accept', content: { sure: true } } }
    const result = await call(second, 'ask_soon', { requestState, inputResponses })
    assert.equal(result['isError'], true)
    assert.match(JSON.stringify(result), /did not answer in time/)
    assert.deepEqual(t.lab.executed, ['set'])
  })

  it('are listed, shown, cancelled and resumed by thv workflow in a later life', async () => {
    const first = await start()
    await call(first, 'ask')
    openModern(first.url, 'tools/call', { name: 'careless', arguments: {} }).catch(() => {})
    const waits = () => (t.lab.executed.includes('wait') ? true : undefined)
    await until('the call at the backend', waits, PATIENCE_MS)
    await killGateway(first)

    await using second = await start()
    const { id: unknown } = await untilStatus(second, 'outcome_unknown')
    const { id: parked } = await untilStatus(second, 'waiting')
    const { output: list } = await thv(second, 'list')
    assert.match(list, new RegExp(`^${unknown} +careless +outcome_unknown .*"wait"`, 'm'))
    assert.match(list, new RegExp(`^${parked} +ask +waiting`, 'm'))
    const { output: shown } = await thv(second, 'show', unknown)
    assert.match(shown, /^careless {2}outcome_unknown after/)
    assert.match(shown, /^first +set +completed/m)
    assert.match(shown, /^wait +wait +failed/m)
    assert.match(shown, /^last +say +pending/m)

    const cancelled = await thv(second, 'cancel', parked)
    assert.equal(cancelled.code, 0, cancelled.output)
    assert.equal((await untilStatus(second, 'cancelled')).id, parked)
    const resumed = await thv(second, 'resume', unknown)
    assert.equal(resumed.code, 0, resumed.output)
    assert.equal((await untilStatus(second, 'completed')).id, unknown)
    const times = (tool: string) => t.lab.executed.filter((name) => name === tool).length
    assert.deepEqual(['set', 'wait', 'say'].map(times), [2, 2, 1])
    await killGateway(second)

    await using third = await start()
    const kept = await runs(third)
    const statuses = kept.map((run) => [run.id, run.status])
    assert.deepEqual(
      new Map(statuses as [string, string][]),
      new Map([
        [unknown, 'completed'],
        [parked, 'cancelled'],
      ]),
    )
  })
})

/** The id of the first question on a stream; closes it. */
async function questionOn(response: Response): Promise<unknown> {
  for await (const { data } of readEvents(response)) {
    if (data === '') continue
    const message = JSON.parse(data) as { id?: unknown; method?: string }
    if (message.method === 'elicitation/create') return message.id
  }
  throw new Error('The stream ended before a question came')
}
