import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gatewayConfig, killGateway, startGateway, type Gateway } from '../support/gateway.ts'
import { logLines, toolNames } from '../support/lab-client.ts'
import {
  openModern,
  openSession,
  readEvents,
  sendModern,
  type RawMessage,
  type RawSession,
} from '../support/raw-mcp.ts'
import { askingComposite, useCompositeLab } from '../support/composite-lab.ts'
import { until } from '../support/until.ts'

const PATIENCE_MS = 30_000
const CAN_ANSWER = { capabilities: { elicitation: {} } }

function waiting(name: string, idempotent: boolean): object {
  return {
    name,
    description: 'Waits',
    steps: [
      { id: 'first', tool: 'set', arguments: { n: 1 } },
      { id: 'wait', tool: 'wait', arguments: { ms: 3000 }, dependsOn: ['first'], idempotent },
      { id: 'last', tool: 'say', arguments: { n: 2 }, dependsOn: ['wait'] },
    ],
  }
}

const ASK = askingComposite({ name: 'ask', last: { n: 2 } })
const COMPOSITES = [waiting('careful', true), waiting('careless', false), ASK]

describe('runs of composite tools', () => {
  const t = useCompositeLab()

  const config = (provider: string, compositeTools: readonly object[]) =>
    gatewayConfig(
      { lab: t.lab.entry },
      {
        compositeTools,
        audit: { logFile: join(t.folder.path, 'audit.log') },
        sessionStorage:
          provider === 'sqlite'
            ? { provider, path: join(t.folder.path, 'gateway.db') }
            : { provider },
      },
    )
  const start = (provider = 'sqlite', compositeTools = COMPOSITES) =>
    startGateway(config(provider, compositeTools))
  const untilRun = (tool: string, times = 1) =>
    until(
      `${tool} to be called`,
      () => (t.lab.executed.filter((name) => name === tool).length >= times ? true : undefined),
      PATIENCE_MS,
    )
  /** `metadata.extra` of the line that says how the run ended. */
  const ended = (what: 'completed' | 'failed') =>
    until(
      `a run that ${what}`,
      async () => {
        const text = await readFile(join(t.folder.path, 'audit.log'), 'utf8').catch(() => '')
        const line = text.split('\n').find((each) => each.includes(`"vmcp_workflow_${what}"`))
        if (line === undefined) return undefined
        const { metadata } = JSON.parse(line) as { metadata: { extra: Record<string, unknown> } }
        return metadata.extra
      },
      PATIENCE_MS,
    )
  const callModern = (gateway: Gateway, name: string, more: Record<string, unknown> = {}) =>
    sendModern(gateway.url, 'tools/call', { name, arguments: {}, ...more }, CAN_ANSWER)

  it('go on after a crash in the middle of a step, without what is done already', async () => {
    const first = await start()
    const call = openModern(first.url, 'tools/call', { name: 'careful', arguments: {} })
    call.catch(() => {})
    await untilRun('wait')
    await killGateway(first)

    await using _second = await start()
    const extra = await ended('completed')
    assert.equal(extra['workflow_name'], 'careful')
    assert.deepEqual(t.lab.executed, ['set', 'wait', 'wait', 'say'])
  })

  it('do not call again what must not be called twice, and say so', async () => {
    const first = await start()
    const call = openModern(first.url, 'tools/call', { name: 'careless', arguments: {} })
    call.catch(() => {})
    await untilRun('wait')
    await killGateway(first)

    await using _second = await start()
    const extra = await ended('failed')
    assert.equal(extra['status'], 'outcome_unknown')
    assert.deepEqual(t.lab.executed, ['set', 'wait'])
  })

  it('that wait for an answer of a modern client take it after a crash', async () => {
    const first = await start()
    const asked = await callModern(first, 'ask')
    const { resultType, inputRequests, requestState } = asked.response.result ?? {}
    assert.equal(resultType, 'input_required')
    assert.deepEqual(Object.keys(inputRequests as object), ['confirm'])
    await killGateway(first)

    await using second = await start()
    const inputResponses = { confirm: { action: 'accept', content: { sure: true } } }
    const { response } = await callModern(second, 'ask', { requestState, inputResponses })
    assert.equal(response.result?.['resultType'], 'complete', JSON.stringify(response))
    assert.deepEqual(t.lab.executed, ['set', 'say'])
  })

  it('take an answer though their tool is not in the file any more', async () => {
    const first = await start()
    const { requestState } = (await callModern(first, 'ask')).response.result ?? {}
    const { requestState: other } = (await callModern(first, 'ask')).response.result ?? {}
    const inputResponses = { confirm: { action: 'accept', content: { sure: true } } }
    // Renamed while it serves.
    await writeFile(first.configPath, config('sqlite', [{ ...ASK, name: 'renamed' }]))
    await until(
      'the new name',
      async () => ((await toolNames(first.url)).includes('renamed') ? true : undefined),
      PATIENCE_MS,
    )
    const answer = { requestState, inputResponses }
    const reloaded = (await callModern(first, 'ask', answer)).response
    assert.equal(reloaded.result?.['resultType'], 'complete', JSON.stringify(reloaded))
    await killGateway(first)

    await using second = await start('sqlite', [])
    const more = { requestState: other, inputResponses }
    const { response } = await callModern(second, 'ask', more)
    assert.equal(response.result?.['resultType'], 'complete', JSON.stringify(response))
    assert.deepEqual(t.lab.executed, ['set', 'set', 'say', 'say'])
    const unknown = (await callModern(second, 'ask')).response
    assert.equal(unknown.error?.message, 'Unknown tool: ask')
  })

  it('ask a modern client again that comes back without an answer', async () => {
    const first = await start()
    const { requestState } = (await callModern(first, 'ask')).response.result ?? {}
    await killGateway(first)

    await using second = await start()
    const again = (await callModern(second, 'ask', { requestState })).response.result ?? {}
    assert.equal(again['resultType'], 'input_required')
    const inputResponses = { confirm: { action: 'decline' } }
    const state = again['requestState']
    const { response } = await callModern(second, 'ask', { requestState: state, inputResponses })
    assert.equal(response.result?.['isError'], true)
    assert.deepEqual(t.lab.executed, ['set'])
  })

  it('that wait for an answer of a legacy client ask it again when its session is back', async () => {
    const first = await start()
    const session = await openSession(first.url, { capabilities: { elicitation: {} } })
    const opened = await session.open('tools/call', { name: 'ask', arguments: {} })
    await questionOn(opened)
    await killGateway(first)

    await using second = await start()
    const back = at(second, session)
    const question = await questionOn(await back.stream())
    assert.equal((question.params as { message: string }).message, 'Sure?')
    const result = { action: 'accept', content: { sure: true } }
    assert.equal((await back.answer(question, result)).status, 202)
    const extra = await ended('completed')
    assert.equal(extra['workflow_name'], 'ask')
    assert.deepEqual(t.lab.executed, ['set', 'say'])
  })

  it('are handed over at an orderly end, and a client that waits gets their state', async () => {
    const first = await start()
    const waiting = callModern(first, 'ask')
    const { requestState } = (await waiting).response.result ?? {}
    const inputResponses = { confirm: { action: 'accept', content: { sure: true } } }
    assert.equal(await first.child.stop(20_000), 0)
    await first[Symbol.asyncDispose]()

    await using second = await start()
    const { response } = await callModern(second, 'ask', { requestState, inputResponses })
    assert.equal(response.result?.['resultType'], 'complete', JSON.stringify(response))
    assert.deepEqual(t.lab.executed, ['set', 'say'])
  })

  it('end with a process that keeps nothing, and it says so', async () => {
    await using gateway = await start('memory')
    const lines = logLines(gateway).filter(({ msg }) =>
      /Runs .* end with this process/.test(String(msg)),
    )
    assert.equal(lines.length, 1)
  })
})

/** The first question on a stream; closes it. */
async function questionOn(response: Response): Promise<RawMessage> {
  for await (const { data } of readEvents(response)) {
    if (data === '') continue
    const message = JSON.parse(data) as RawMessage
    if (message.method === 'elicitation/create') return message
  }
  throw new Error('The stream ended before a question came')
}

/** A session continued at another process. */
function at(gateway: Gateway, session: RawSession) {
  const headers = {
    'mcp-session-id': session.id,
    'mcp-protocol-version': session.version,
  }
  return {
    stream: () =>
      fetch(gateway.url, {
        headers: { accept: 'text/event-stream', ...headers },
        signal: AbortSignal.timeout(PATIENCE_MS),
      }),
    answer: ({ id }: RawMessage, result: object) =>
      fetch(gateway.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id, result }),
      }),
  }
}
