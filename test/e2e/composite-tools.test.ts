import type { ElicitResult } from '@modelcontextprotocol/client'
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { connectHttp, connectSse, connectStdio, ERAS, type Era } from '../support/clients.ts'
import { startFixture, type FixtureBackend } from '../support/fixture.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { toolNames } from '../support/lab-client.ts'
import { SAY_TOOL } from '../support/lab-tools.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openModern, sendModern } from '../support/raw-mcp.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'
import { fetchApi } from '../support/api-key.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

const NAME_FORM = {
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
}

function say(id: string, args: object, more: object = {}): object {
  return { id, tool: 'say', arguments: args, ...more }
}

/** A composite tool that asks for a name; `more` says what other answers do. */
function asking(name: string, more: object): object {
  return {
    name,
    description: 'Greets',
    steps: [
      { id: 'ask', type: 'elicitation', message: 'Who are you?', schema: NAME_FORM, ...more },
      say(
        'greet',
        { text: 'Hello {{.steps.ask.output.content.name}}' },
        {
          dependsOn: ['ask'],
          condition: '{{eq .steps.ask.output.action "accept"}}',
          defaultResults: { said: { text: 'none' } },
        },
      ),
      say('end', { action: '{{.steps.ask.output.action}}' }, { dependsOn: ['greet'] }),
    ],
    output: {
      properties: {
        action: {
          type: 'string',
          description: 'What was said',
          value: '{{.steps.ask.output.action}}',
        },
        greeting: {
          type: 'string',
          description: 'The greeting',
          value: '{{.steps.greet.output.said.text}}',
        },
        ended: { type: 'string', description: 'Of the last step', value: '{{.steps.end.status}}' },
      },
    },
  }
}

const COMPOSITES = [
  {
    name: 'chain',
    description: 'One step after the other, two at once, and a loop',
    parameters: {
      type: 'object',
      properties: {
        words: { type: 'array', items: { type: 'string' } },
        mark: { type: 'string', default: '!' },
      },
      required: ['words'],
    },
    steps: [
      say('first', { words: '{{json .params.words}}' }),
      say('left', { from: '{{.steps.first.status}}' }, { dependsOn: ['first'] }),
      say('right', { from: '{{.steps.first.status}}' }, { dependsOn: ['first'] }),
      {
        id: 'loop',
        type: 'forEach',
        dependsOn: ['left', 'right'],
        collection: '{{json .params.words}}',
        itemVar: 'word',
        maxParallel: 2,
        step: {
          id: 'one',
          tool: 'lab.say',
          arguments: { word: '{{.forEach.word}}{{.params.mark}}' },
        },
      },
    ],
    output: {
      properties: {
        done: { type: 'integer', description: 'Words', value: '{{.steps.loop.output.completed}}' },
        loop: { type: 'object', description: 'All', value: '{{json .steps.loop.output}}' },
      },
      required: ['done'],
    },
  },
  {
    name: 'partly',
    description: 'Fails in the middle',
    steps: [
      say('good', { n: '1' }),
      { id: 'bad', tool: 'fail', dependsOn: ['good'] },
      say('never', {}, { dependsOn: ['bad'] }),
    ],
  },
  {
    name: 'dawdle',
    description: 'Waits',
    steps: [
      say('before', {}),
      { id: 'wait', tool: 'wait', arguments: { ms: 4000, progressMs: 100 }, dependsOn: ['before'] },
    ],
  },
  {
    name: 'many',
    description: 'A wide loop',
    steps: [
      {
        id: 'loop',
        type: 'forEach',
        collection: '[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]',
        maxParallel: 50,
        step: { id: 'one', tool: 'wait', arguments: { ms: 40 } },
      },
    ],
  },
  { name: 'write', description: 'Has the name of a tool of the backend', steps: [say('one', {})] },
  { name: 'lost', description: 'Needs a tool nobody has', steps: [{ id: 'one', tool: 'nowhere' }] },
  {
    name: 'boaster',
    description: 'Claims more than its steps allow',
    annotations: { readOnlyHint: true },
    steps: [{ id: 'one', tool: 'lab.write' }],
  },
  {
    name: 'deep',
    description: 'Uses a hidden tool by its own name',
    steps: [{ id: 'one', tool: 'lab.count' }],
  },
  asking('ask_abort', {}),
  asking('ask_on', { onDecline: { action: 'continue' }, onCancel: { action: 'continue' } }),
  asking('ask_skip', {
    onDecline: { action: 'skip_remaining' },
    onCancel: { action: 'skip_remaining' },
  }),
  asking('ask_soon', { timeout: '300ms', onCancel: { action: 'continue' } }),
  {
    name: 'nested',
    description: 'A backend asks in the middle of a step',
    steps: [
      say('before', {}),
      { id: 'ask', tool: 'fix.test_input_required_result_elicitation', dependsOn: ['before'] },
    ],
    output: {
      properties: {
        said: { type: 'string', description: 'Text', value: '{{.steps.ask.content.text}}' },
      },
    },
  },
]

describe('composite tools', () => {
  let lab: Lab
  let fixture: FixtureBackend
  let folder: TempDir
  let gateway: Gateway
  let auditFile = ''
  const config = (compositeTools: readonly object[]) =>
    gatewayConfig(
      { lab: lab.entry, fix: fixture.entry },
      {
        compositeTools,
        audit: { logFile: auditFile },
        telemetry: { enablePrometheusMetricsPath: true },
        operational: { concurrency: { perWorkload: { lab: 4 } } },
        aggregation: {
          conflictResolution: 'priority',
          conflictResolutionConfig: { priorityOrder: ['lab', 'fix'] },
          tools: [
            { workload: 'lab', filter: ['say', 'fail', 'wait', 'write', 'look', 'set'] },
            { workload: 'fix', excludeAll: true },
          ],
        },
      },
    )
  before(async () => {
    lab = await startLab()
    lab.tools.push(SAY_TOOL)
    fixture = await startFixture('http-legacy', { extras: true })
    folder = await createTempDir()
    auditFile = join(folder.path, 'audit.log')
    gateway = await startGateway(config(COMPOSITES))
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await fixture?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  const call = async (
    era: Era,
    name: string,
    args: Record<string, unknown> = {},
    answer?: () => ElicitResult,
  ) => {
    await using peer = await connectHttp(gateway.url, {
      era,
      ...(answer === undefined ? {} : { onElicit: answer }),
    })
    const result = await peer.client.callTool({ name, arguments: args })
    return result as { isError?: boolean; structuredContent?: Record<string, unknown> }
  }

  it('6.10, 6.11: are listed among the tools with what is derived of their steps', async () => {
    const { response } = await sendModern(gateway.url, 'tools/list')
    const tools = response.result?.['tools'] as { name: string; annotations?: object }[]
    const chain = tools.find(({ name }) => name === 'chain')
    assert.deepEqual(chain?.annotations, {
      readOnlyHint: true,
      destructiveHint: false,
      openWorldHint: true,
    })
    const { inputSchema, outputSchema } = chain as unknown as Record<
      string,
      Record<string, unknown>
    >
    assert.deepEqual(inputSchema?.['required'], ['words'])
    assert.deepEqual((outputSchema?.['anyOf'] as object[])[0], { required: ['done'] })
  })

  it('6.10 (weak there): are left out one by one where they cannot be had, and it is said', async () => {
    const names = await toolNames(gateway.url)
    assert.ok(names.includes('chain') && names.includes('deep'))
    assert.equal(names.filter((name) => name === 'write').length, 1)
    assert.ok(!names.includes('lost') && !names.includes('boaster') && !names.includes('count'))
    const status = (await (await fetch(`${gateway.origin}/status`)).json()) as {
      catalogue: { notes: string[] }
    }
    const notes = status.catalogue.notes.join('\n')
    assert.match(notes, /"write" is left out: backend "lab" has a tool of that name/)
    assert.match(notes, /"lost" is not offered: no backend offers "nowhere"/)
    assert.match(notes, /"boaster" is not offered: it says readOnlyHint: true/)
  })

  for (const era of ERAS) {
    describe(`of a ${era} client`, () => {
      it('6.5, 6.6: run chains, parallel steps and loops', async () => {
        const { structuredContent } = await call(era, 'chain', { words: ['a', 'b', 'c'] })
        assert.equal(structuredContent?.['done'], 3)
        const loop = structuredContent['loop'] as { iterations: { output: object }[] }
        assert.deepEqual(
          loop.iterations.map(({ output }) => output),
          ['a!', 'b!', 'c!'].map((word) => ({ said: { word } })),
        )
      })

      it('6.5 (weak there): check their arguments before anything is done', async () => {
        const before = lab.executed.length
        await assert.rejects(call(era, 'chain', { words: 'none' }), /words/)
        assert.equal(lab.executed.length, before)
      })

      it('6.5: reach hidden tools', async () => {
        assert.ok(!(await call(era, 'deep')).isError)
      })

      it('6.9 (weak there): give what was done when a step fails', async () => {
        const result = await call(era, 'partly')
        assert.equal(result.isError, true)
        const partial = result.structuredContent
        assert.equal(partial?.['failedStep'], 'bad')
        assert.deepEqual(partial['completed'], ['good'])
      })

      const ANSWERS: [string, ElicitResult, object][] = [
        [
          'ask_abort',
          { action: 'accept', content: { name: 'Ada' } },
          { action: 'accept', greeting: 'Hello Ada', ended: 'completed' },
        ],
        [
          'ask_on',
          { action: 'decline' },
          { action: 'decline', greeting: 'none', ended: 'completed' },
        ],
        [
          'ask_on',
          { action: 'cancel' },
          { action: 'cancel', greeting: 'none', ended: 'completed' },
        ],
        [
          'ask_skip',
          { action: 'decline' },
          { action: 'decline', greeting: 'none', ended: 'skipped' },
        ],
      ]
      for (const [name, answer, expected] of ANSWERS) {
        it(`6.7: ask, and take ${answer.action} as "${name}" says`, async () => {
          const { structuredContent } = await call(era, name, {}, () => answer)
          assert.deepEqual(structuredContent, expected)
        })
      }

      it('6.7: fail where the answer is no and nothing says what then', async () => {
        const result = await call(era, 'ask_abort', {}, () => ({ action: 'decline' }))
        assert.equal(result.isError, true)
        assert.equal(result.structuredContent?.['failedStep'], 'ask')
      })

      it('bring questions of a backend to the client in the middle of a step', async () => {
        const { structuredContent } = await call(era, 'nested')
        assert.deepEqual(structuredContent, { said: 'Hello, Ada!' })
      })

      it('6.7: refuse a client that cannot be asked, before anything is done', async () => {
        await using peer = await connectHttp(gateway.url, { era, capabilities: {} })
        await assert.rejects(
          peer.client.callTool({ name: 'ask_abort', arguments: {} }),
          era === 'modern' ? /-32021|capabilit/i : /did not declare/,
        )
      })

      it('6.12 (weak there): tell of finished steps and of what backends say', async () => {
        const progress: { progress: number; total?: number | undefined }[] = []
        await using peer = await connectHttp(gateway.url, { era })
        await peer.client.callTool(
          { name: 'chain', arguments: { words: ['a', 'b'] } },
          { onprogress: (each) => progress.push(each) },
        )
        const values = progress.map((each) => each.progress)
        assert.ok(
          progress.every(({ total }) => total !== undefined),
          JSON.stringify(progress),
        )
        assert.equal(new Set(values).size, values.length, 'grows each time')
        assert.ok(values.length >= 3, JSON.stringify(progress))
        assert.deepEqual(
          values,
          values.toSorted((a, b) => a - b),
        )
        assert.equal(progress.at(-1)?.progress, progress.at(-1)?.total)
      })

      it('6.12: end with the call, at the backend too', async () => {
        const before = lab.cancelled.length
        await using peer = await connectHttp(gateway.url, { era })
        const abort = new AbortController()
        const messages: string[] = []
        const running = peer.client.callTool(
          { name: 'dawdle', arguments: {} },
          {
            signal: abort.signal,
            onprogress: ({ message }) => {
              messages.push(message ?? '')
              if (message?.startsWith('wait')) abort.abort()
            },
          },
        )
        await assert.rejects(running)
        await until('the backend to hear of it', () =>
          lab.cancelled.length > before ? true : undefined,
        )
      })
    })
  }

  it('6.7: go on without an answer that does not come in time', async () => {
    const asked = await sendModern(
      gateway.url,
      'tools/call',
      { name: 'ask_soon', arguments: {} },
      { capabilities: { elicitation: {} } },
    )
    const { resultType, requestState } = asked.response.result ?? {}
    assert.equal(resultType, 'input_required')
    const retry = { name: 'ask_soon', arguments: {}, requestState }
    const { response } = await until('the end of the run', async () => {
      const reply = await sendModern(gateway.url, 'tools/call', retry, {
        capabilities: { elicitation: {} },
      })
      return reply.response.result?.['resultType'] === 'complete' ? reply : undefined
    })
    const { structuredContent } = response.result as { structuredContent: object }
    assert.deepEqual(structuredContent, { action: 'timeout', greeting: 'none', ended: 'completed' })
  })

  it('give the result again to a client that asks again with its state', async () => {
    const options = { capabilities: { elicitation: {} } }
    const first = await sendModern(
      gateway.url,
      'tools/call',
      { name: 'ask_abort', arguments: {} },
      options,
    )
    const { requestState } = first.response.result ?? {}
    const answered = {
      name: 'ask_abort',
      arguments: {},
      requestState,
      inputResponses: { ask: { action: 'accept', content: { name: 'Grace' } } },
    }
    const second = await sendModern(gateway.url, 'tools/call', answered, options)
    const third = await sendModern(gateway.url, 'tools/call', answered, options)
    assert.equal(second.response.result?.['resultType'], 'complete')
    assert.deepEqual(third.response.result, second.response.result)
  })

  it('6.12: end when a modern client disconnects', async () => {
    const before = lab.cancelled.length
    const abort = new AbortController()
    const waits = lab.executed.filter((name) => name === 'wait').length
    const running = openModern(
      gateway.url,
      'tools/call',
      { name: 'dawdle', arguments: {} },
      { signal: abort.signal },
    )
    running.catch(() => {})
    await until('the step to run', () =>
      lab.executed.filter((name) => name === 'wait').length > waits ? true : undefined,
    )
    abort.abort()
    await until('the backend to hear of it', () =>
      lab.cancelled.length > before ? true : undefined,
    )
  })

  it('leave lines in the audit log that name the run and its steps', async () => {
    await call('modern', 'partly')
    interface Line {
      readonly type: string
      readonly outcome: string
      readonly component: string
      readonly target: { name: string }
      readonly metadata: { extra: Record<string, unknown> }
    }
    const lines = await until('the end of the run in the log', async () => {
      const all = (await readFile(auditFile, 'utf8')).split('\n').filter(Boolean)
      const parsed = all.map((line) => JSON.parse(line) as Line)
      const last = parsed.findLast(({ type }) => type === 'vmcp_workflow_failed')
      if (last?.target.name !== 'partly') return undefined
      const run = last.metadata.extra['workflow_id']
      return parsed.filter(({ metadata }) => metadata.extra['workflow_id'] === run)
    })
    const told = lines.map(({ type, outcome, metadata }) => {
      const { step_id: step } = metadata.extra
      return [type, outcome, step ?? '']
    })
    assert.deepEqual(told.toSorted(), [
      ['mcp_tool_call', 'application_error', 'bad'],
      ['mcp_tool_call', 'success', 'good'],
      ['vmcp_workflow_failed', 'failure', ''],
      ['vmcp_workflow_started', 'success', ''],
      ['vmcp_workflow_step_completed', 'success', 'good'],
      ['vmcp_workflow_step_failed', 'failure', 'bad'],
      ['vmcp_workflow_step_started', 'success', 'bad'],
      ['vmcp_workflow_step_started', 'success', 'good'],
    ])
    const inner = lines.find(({ type }) => type === 'mcp_tool_call')
    assert.equal(inner?.metadata.extra['workflow_name'], 'partly')
    assert.equal(inner.metadata.extra['transport'], 'workflow')
  })

  it('are counted in the metrics', async () => {
    await call('modern', 'partly')
    const text = await (await fetch(`${gateway.origin}/metrics`)).text()
    assert.match(text, /toolhive_vmcp_workflow_executions_total\{workflow_name="partly"\} [1-9]/)
    assert.match(text, /toolhive_vmcp_workflow_errors_total\{workflow_name="partly"\} [1-9]/)
    assert.match(
      text,
      /toolhive_vmcp_workflow_steps_total\{[^}]*step="bad",status="failed"\} [1-9]/,
    )
    assert.match(text, /toolhive_vmcp_backend_run_calls\{backend="lab",state="active"\} 0/)
  })

  it('share one budget of a backend, whoever calls', async () => {
    await until('an idle backend', () => (lab.running() === 0 ? true : undefined), 10_000)
    lab.mostAtOnce = 0
    const results = await Promise.all(
      (['legacy', 'modern', 'modern'] as const).map((era) => call(era, 'many')),
    )
    assert.deepEqual(
      results.map(({ structuredContent }) => structuredContent?.['completed']),
      [20, 20, 20],
    )
    assert.equal(lab.mostAtOnce, 4)
  })

  it('are seen and steered through the API', async () => {
    const asked = await sendModern(
      gateway.url,
      'tools/call',
      { name: 'ask_abort', arguments: {} },
      { capabilities: { elicitation: {} } },
    )
    assert.equal(asked.response.result?.['resultType'], 'input_required')
    interface Listed {
      readonly runs: readonly { readonly id: string; readonly workflow: string }[]
    }
    const api = `${gateway.origin}/api/workflows`
    const listed = (await (await fetchApi(`${api}?status=waiting`)).json()) as Listed
    const run = listed.runs.find(({ workflow }) => workflow === 'ask_abort')
    assert.ok(run !== undefined, JSON.stringify(listed))
    const cancelled = await fetchApi(`${api}/${run.id}/cancel`, {
      method: 'POST',
      body: '{}',
    })
    assert.ok(cancelled.ok, String(cancelled.status))
    await until('the end of the run', async () => {
      const { status } = (await (await fetchApi(`${api}/${run.id}`)).json()) as {
        status: string
      }
      return status === 'cancelled' ? true : undefined
    })
  })

  it('work over HTTP+SSE', async () => {
    await using peer = await connectSse(`${gateway.origin}/sse`, {
      onElicit: () => ({ action: 'accept', content: { name: 'Ada' } }),
    })
    const result = await peer.client.callTool({ name: 'ask_abort', arguments: {} })
    assert.deepEqual(result.structuredContent, {
      action: 'accept',
      greeting: 'Hello Ada',
      ended: 'completed',
    })
  })

  for (const era of ERAS) {
    it(`work on stdio (${era})`, async () => {
      const args = [CLI, 'vmcp', 'serve', '--config', gateway.configPath, '--stdio']
      await using peer = await connectStdio(
        process.execPath,
        args,
        { era, onElicit: () => ({ action: 'accept', content: { name: 'Ada' } }) },
        { HOME: folder.path },
      )
      const { tools } = await peer.client.listTools()
      assert.ok(tools.some(({ name }) => name === 'ask_abort'))
      const result = await peer.client.callTool({ name: 'ask_abort', arguments: {} })
      assert.equal((result.structuredContent as { greeting: string }).greeting, 'Hello Ada')
    })
  }

  it('change with the file, while runs go on with what they began with', async () => {
    await using peer = await connectHttp(gateway.url, { era: 'legacy' })
    const changed = new Promise<void>((resolve) => {
      peer.client.setNotificationHandler('notifications/tools/list_changed', () => resolve())
    })
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const running = peer.client.callTool(
      { name: 'dawdle', arguments: {} },
      { onprogress: () => begin() },
    )
    await begun
    await writeFile(
      gateway.configPath,
      config([{ name: 'fresh', description: 'New', steps: [say('one', { new: 'yes' })] }]),
    )
    await changed
    const names = await toolNames(gateway.url)
    assert.ok(names.includes('fresh') && !names.includes('dawdle'))
    assert.deepEqual((await call('modern', 'fresh')).structuredContent, { said: { new: 'yes' } })
    assert.ok(!(await running).isError)
  })
})
