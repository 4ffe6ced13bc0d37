import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startChild } from '../support/child.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { stdioLab } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openSession, type RawSession } from '../support/raw-mcp.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'
import { API_ENV } from '../support/api-key.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

const COMPOSITES = [
  {
    name: 'twice',
    description: 'Waits, then writes',
    parameters: {
      type: 'object',
      properties: { ms: { type: 'integer', default: 1 } },
    },
    steps: [
      { id: 'wait', tool: 'wait', arguments: { ms: '{{.params.ms}}' } },
      { id: 'write', tool: 'write', dependsOn: ['wait'] },
    ],
  },
  {
    name: 'flawed',
    description: 'Fails',
    steps: [{ id: 'fail', tool: 'fail' }],
  },
]

async function thv(...args: string[]): Promise<{ code: number | null; output: string }> {
  await using child = startChild(process.execPath, [CLI, ...args], {
    env: { ...process.env, ...API_ENV },
  })
  const code = await new Promise<number | null>((resolve) => child.process.on('close', resolve))
  return { code, output: child.output() }
}

describe('thv workflow, with a gateway that runs', () => {
  let lab: Lab
  let gateway: Gateway
  let session: RawSession
  const workflow = (...args: string[]) => thv('workflow', ...args, '--url', gateway.origin)
  const call = (name: string, args: object = {}) =>
    session.send('tools/call', { name, arguments: args })

  before(async () => {
    lab = await startLab()
    gateway = await startGateway(gatewayConfig({ lab: lab.entry }, { compositeTools: COMPOSITES }))
    session = await openSession(gateway.url)
  })
  after(async () => {
    await gateway[Symbol.asyncDispose]()
    await lab[Symbol.asyncDispose]()
  })

  it('lists and shows what ran', async () => {
    await call('twice')
    await call('flawed')
    const { output } = await workflow('list')
    assert.match(output, /^RUN .*\n(\S+ +flawed +failed .*it failed\n)(\S+ +twice +completed .*)/)
    const [id = ''] = /^\S+(?= +twice)/m.exec(output) ?? []
    const shown = await workflow('show', id)
    assert.equal(shown.code, 0)
    assert.match(shown.output, /^twice {2}completed after/)
    assert.match(shown.output, /^wait +wait +completed +\+\S+ +\S+ +1 +\d+ B +·*█/m)
    assert.match(shown.output, /^write +write +completed/m)
  })

  it('says that a gateway has no composite tools, and finds those it gets later', async () => {
    await using bare = await startGateway(gatewayConfig({ lab: lab.entry }))
    const list = () => thv('workflow', 'list', '--url', bare.origin)
    const { code, output } = await list()
    assert.equal(code, 0)
    assert.match(output, /^No runs\.$/m)
    assert.match(output, /^The gateway at \S+ has no composite tools$/m)
    await writeFile(
      bare.configPath,
      gatewayConfig({ lab: lab.entry }, { compositeTools: COMPOSITES }),
    )
    await until('its composite tools', async () =>
      (await list()).output.includes('has no composite tools') ? undefined : true,
    )
  })

  it('follows a run, and cancels it', async () => {
    const running = call('twice', { ms: 30_000 })
    const id = await until(
      'the run in the list',
      async () => {
        const { output } = await workflow('list', '--status', 'running')
        return /^\S+(?= +twice)/m.exec(output)?.[0]
      },
      20_000,
    )
    const following = workflow('show', id, '--follow')
    await until('the call at the backend', () => (lab.executed.includes('wait') ? true : undefined))
    const { code, output } = await workflow('cancel', id, '--reason', 'enough')
    assert.equal(code, 0, output)
    const followed = await following
    assert.equal(followed.code, 1)
    assert.match(followed.output, /twice {2}cancelled after/)
    assert.match(JSON.stringify((await running).response), /enough|cancel/)
  })

  it('resumes a run that failed', async () => {
    await call('flawed')
    const { output } = await workflow('list', '--status', 'failed', '--limit', '1')
    const [id = ''] = /^\S+(?= +flawed)/m.exec(output) ?? []
    const before = lab.executed.filter((name) => name === 'fail').length
    const resumed = await workflow('resume', id)
    assert.equal(resumed.code, 0, resumed.output)
    await until('another try', () =>
      lab.executed.filter((name) => name === 'fail').length > before ? true : undefined,
    )
  })
})

describe('thv workflow run', () => {
  let folder: TempDir
  let file: string
  before(async () => {
    folder = await createTempDir()
    file = join(folder.path, 'vmcp.yaml')
    await writeFile(file, gatewayConfig({ lab: stdioLab() }, { compositeTools: COMPOSITES }))
  })
  after(() => folder[Symbol.asyncDispose]())

  it('runs a composite tool against live backends, and nothing with --dry-run', async () => {
    const run = await thv('workflow', 'run', file, 'twice', '--args', '{"ms":5}')
    assert.equal(run.code, 0, run.output)
    assert.match(run.output, /step "wait" done[^]*\{\n {2}"text": "done write"\n\}/)
    const dry = await thv('workflow', 'run', file, 'twice', '--dry-run')
    assert.match(
      dry.output,
      // As the schema of the tool says: it asks for no type.
      /^1\. wait: calls wait\n {3}ms: "1"\n2\. write: calls write {2}\(after wait\)\n/,
    )
  })

  it('says what to do where it has to ask and nobody sits there', async () => {
    const schema = { type: 'object', properties: { sure: { type: 'boolean' } } }
    const question = { id: 'ask', type: 'elicitation', message: 'Sure?', schema }
    const asking = join(folder.path, 'asking.yaml')
    const compositeTools = [
      { name: 'surely', description: 'Asks', steps: [question] },
      { name: 'perhaps', description: 'Asks', steps: [{ ...question, condition: '{{eq 1 1}}' }] },
    ]
    await writeFile(asking, gatewayConfig({ lab: stdioLab() }, { compositeTools }))
    const surely = await thv('workflow', 'run', asking, 'surely')
    assert.equal(surely.code, 1)
    assert.match(
      surely.output,
      /CLI_NOBODY_TO_ASK\] Cannot run "surely": .*stdin is no terminal\nTry: run it in a/,
    )
    const perhaps = await thv('workflow', 'run', asking, 'perhaps')
    assert.equal(perhaps.code, 1)
    assert.match(perhaps.output, /nobody sits at this terminal \(Run it in a terminal\)/)
    assert.doesNotMatch(surely.output + perhaps.output, /Use a client that declares/)
  })

  it('exits with 1 when the run does not complete', async () => {
    const run = await thv('workflow', 'run', file, 'flawed')
    assert.equal(run.code, 1)
    assert.match(run.output, /it failed/)
  })
})
