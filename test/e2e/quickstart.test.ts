import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { descendantsOf, stillRunning } from '../../scripts/support/descendants.ts'
import { freePort } from '../../scripts/support/free-port.ts'
import { modernCall } from '../../scripts/support/modern-call.ts'
import { run, start } from '../../scripts/support/program.ts'
import type { Program } from '../../scripts/support/program.ts'
import { waitFor } from '../../scripts/support/wait-for.ts'

const READY_MS = 60_000
const GONE_MS = 10_000

/** Sessions of the quickstart live in the data folder: here one of our own. */
const data = mkdtempSync(join(tmpdir(), 'thv-quickstart-'))
const env = { ...process.env, XDG_DATA_HOME: data }
after(() => rmSync(data, { recursive: true, force: true }))

describe('npm start', () => {
  it('serves three real servers and says so, with commands that work', async () => {
    const port = await freePort()
    await using quickstart = await startQuickstart(port)
    const { stdout } = quickstart.output()
    assert.match(stdout, /everything \(\d+ tools\), files \(14 tools\), memory \(9 tools\)/)
    assert.match(stdout, /1 composite tool \(folder_report\)/)
    const [curl] = /curl -s[^]*?'\n(?=\n)/.exec(stdout) ?? []
    assert.ok(curl, stdout)
    const said = await run('bash', ['-euc', curl])
    const { result } = JSON.parse(said.stdout) as { result: { structuredContent: object } }
    assert.partialDeepStrictEqual(result.structuredContent, {
      begins: [
        { name: 'groceries.txt', text: 'bread' },
        { name: 'welcome.md', text: '# Welcome' },
      ],
    })
  })

  it('shows a renamed tool, hides a filtered one and replaces a hint', async () => {
    const port = await freePort()
    await using _quickstart = await startQuickstart(port)
    const { result } = await modernCall(`http://127.0.0.1:${port}/mcp`, 'tools/list')
    const tools = result?.['tools'] as { name: string; annotations?: Record<string, unknown> }[]
    const names = tools.map(({ name }) => name)
    assert.ok(names.includes('everything_say'))
    assert.ok(!names.includes('everything_echo'))
    assert.ok(!names.includes('everything_get-env'))
    assert.deepEqual(tools.find(({ name }) => name === 'files_read_text_file')?.annotations, {
      title: 'Read a text file of the demo folder',
      readOnlyHint: true,
      idempotentHint: true,
      openWorldHint: false,
    })
  })

  it('refuses what is hidden as if it were not there', async () => {
    const port = await freePort()
    await using _quickstart = await startQuickstart(port)
    const hidden = { name: 'everything_get-env', arguments: {} }
    const { error } = await modernCall(`http://127.0.0.1:${port}/mcp`, 'tools/call', hidden)
    assert.equal(error?.code, -32602)
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`ends with 0 on ${signal} and leaves no process behind`, async () => {
      await using quickstart = await startQuickstart(await freePort())
      const started = await descendantsOf(quickstart.child.pid ?? 0)
      assert.ok(started.length >= 3, JSON.stringify(started))
      quickstart.child.kill(signal)
      assert.equal((await quickstart.ended).code, 0, quickstart.output().stderr)
      assert.deepEqual(await stillRunning(started), [])
    })

  it('leaves no process behind when it is killed', async () => {
    await using quickstart = await startQuickstart(await freePort())
    const started = await descendantsOf(quickstart.child.pid ?? 0)
    assert.ok(started.length >= 3, JSON.stringify(started))
    quickstart.child.kill('SIGKILL')
    await waitFor(
      async () => ((await stillRunning(started)).length === 0 ? true : undefined),
      GONE_MS,
      () => JSON.stringify(started),
    )
  })

  it('names the process that holds its port, and the flag that changes it', async () => {
    const port = await freePort()
    await using _first = await startQuickstart(port)
    const second = await run('node', ['scripts/start.ts', '--port', String(port)], { env })
    assert.equal(second.code, 1)
    assert.match(second.stderr, new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port}`))
    assert.match(second.stderr, /scripts\/start\.ts/)
    assert.match(second.stderr, /--port/)
    assert.doesNotMatch(second.stdout, /is running/)
  })
})

async function startQuickstart(port: number): Promise<Program> {
  const quickstart = start('node', ['scripts/start.ts', '--port', String(port)], { env })
  await waitFor(
    () => {
      const { stdout, stderr } = quickstart.output()
      assert.equal(quickstart.child.exitCode, null, stderr)
      return stdout.includes('Ctrl-C') ? true : undefined
    },
    READY_MS,
    () => JSON.stringify(quickstart.output()),
  )
  return quickstart
}
