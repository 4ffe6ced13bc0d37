import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { callIn, callModern } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openModern, openSession, sendModern } from '../support/raw-mcp.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'

interface Line {
  readonly type: string
  readonly outcome: string
  readonly level: string
  readonly msg: string
  readonly source: { type: string; value: string; extra: Record<string, unknown> }
  readonly subjects: Record<string, unknown>
  readonly target: Record<string, unknown>
  readonly metadata: { extra: Record<string, unknown> }
}

describe('the audit log', () => {
  let lab: Lab
  let folder: TempDir
  let gateway: Gateway
  let file = ''
  before(async () => {
    lab = await startLab({
      capabilities: { prompts: {}, resources: {}, completions: {} },
      methods: {
        'prompts/list': () => ({ prompts: [{ name: 'ask' }] }),
        'prompts/get': () => ({ messages: [] }),
        'resources/list': () => ({ resources: [{ uri: 'lab://r', name: 'r' }] }),
        'resources/templates/list': () => ({ resourceTemplates: [] }),
        'resources/read': () => ({ contents: [{ uri: 'lab://r', text: 'r' }] }),
        'completion/complete': () => ({ completion: { values: [] } }),
      },
    })
    folder = await createTempDir()
    file = join(folder.path, 'audit.log')
    gateway = await startGateway(gatewayConfig({ lab: lab.entry }, { audit: { logFile: file } }))
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  const lines = async () =>
    (await readFile(file, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line)
  const lineOf = (what: string, fits: (line: Line) => boolean) =>
    until(what, async () => (await lines()).find(fits))

  it('has a line for every kind of call, of both eras', async () => {
    const session = await openSession(gateway.url)
    const target = { ref: { type: 'ref/prompt', name: 'ask' }, argument: { name: 'a', value: '' } }
    const calls: [string, string, Record<string, unknown>][] = [
      ['mcp_tool_call', 'tools/call', { name: 'count', arguments: {} }],
      ['mcp_tools_list', 'tools/list', {}],
      ['mcp_resource_read', 'resources/read', { uri: 'lab://r' }],
      ['mcp_resources_list', 'resources/list', {}],
      ['mcp_prompt_get', 'prompts/get', { name: 'ask' }],
      ['mcp_prompts_list', 'prompts/list', {}],
      ['mcp_completion', 'completion/complete', target],
    ]
    // Lines are written in order and in lots: what came before the session is in the file once its own line is.
    await lineOf('the session', (line) => line.type === 'mcp_initialize')
    const before = (await lines()).length
    for (const [, method, params] of calls) {
      assert.ok((await session.send(method, params)).response.result, method)
      assert.ok((await sendModern(gateway.url, method, params)).response.result, method)
    }
    await session.send('logging/setLevel', { level: 'warning' })
    await session.notify('notifications/roots/list_changed')
    const end = new AbortController()
    await openModern(
      gateway.url,
      'subscriptions/listen',
      { notifications: { toolsListChanged: true } },
      { signal: end.signal },
    )
    const all = await until('all lines', async () => {
      const found = (await lines()).slice(before)
      const isLast = (line: Line): boolean => line.type === 'sse_connection'
      return found.length >= calls.length * 2 + 3 && found.some(isLast) ? found : undefined
    })
    end.abort()
    for (const [type, method] of calls) {
      const own = all.filter((line) => line.type === type && line.target['method'] === method)
      assert.equal(own.length, 2, type)
      for (const line of own) {
        assert.deepEqual([line.level, line.msg, line.outcome], ['AUDIT', 'audit_event', 'success'])
        assert.deepEqual([line.source.type, line.source.value], ['network', '127.0.0.1'])
        assert.equal(line.subjects['client_name'], 'raw-client')
        assert.ok(Number(line.metadata.extra['duration_ms']) >= 0)
        assert.equal(line.metadata.extra['transport'], 'streamable-http')
      }
    }
    for (const type of ['mcp_logging', 'mcp_roots_list_changed', 'sse_connection'])
      assert.equal(all.filter((line) => line.type === type).length, 1, type)
    const initialized = await lineOf('initialize', (line) => line.type === 'mcp_initialize')
    assert.equal(initialized.source.value, '127.0.0.1')
    assert.equal(initialized.subjects['client_name'], 'raw-client')
  })

  it('tells a success from a failure, an error of a tool and a broken backend', async () => {
    const session = await openSession(gateway.url)
    await callIn(session, 'fail')
    await callIn(session, 'nothing')
    lab.refuseWith = 500
    await callModern(gateway.url, 'write')
    lab.refuseWith = undefined
    for (const [name, outcome] of [
      ['fail', 'application_error'],
      ['nothing', 'failure'],
      ['write', 'failure'],
    ]) {
      const line = await lineOf(`${name}`, ({ target }) => target['name'] === name)
      assert.equal(line.outcome, outcome, name)
      assert.equal(line.metadata.extra['backend_name'], name === 'nothing' ? undefined : 'lab')
    }
  })

  it('goes to stdout where the file says no other place, apart from the log', async () => {
    await using own = await startGateway(gatewayConfig({ lab: lab.entry }), {
      args: ['--enable-audit'],
    })
    let stdout = ''
    own.child.process.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    await callModern(own.url, 'count')
    await until('the line', () => (stdout.includes('mcp_tool_call') ? true : undefined))
    for (const line of stdout.trimEnd().split('\n')) assert.equal(JSON.parse(line).level, 'AUDIT')
  })
})
