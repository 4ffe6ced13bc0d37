import assert from 'node:assert/strict'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, it } from 'node:test'
import { freePort } from '../../scripts/support/free-port.ts'
import { startChild, type Child } from '../support/child.ts'
import { gatewayConfig } from '../support/gateway.ts'
import { callIn } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openSession } from '../support/raw-mcp.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** A gateway as on a laptop: nothing is said about where sessions live. */
describe('sessions of local gateways', () => {
  let lab: Lab
  let home: TempDir
  before(async () => {
    lab = await startLab()
    home = await createTempDir()
  })
  after(async () => {
    await lab?.[Symbol.asyncDispose]()
    await home?.[Symbol.asyncDispose]()
  })

  async function start(port: number): Promise<Child & { url: string }> {
    const file = join(home.path, 'vmcp.yaml')
    await writeFile(file, gatewayConfig({ lab: lab.entry }))
    const args = [CLI, 'vmcp', 'serve', '-c', file, '--port', String(port)]
    const env = { ...process.env, HOME: home.path, XDG_DATA_HOME: join(home.path, 'data') }
    const child = startChild(process.execPath, args, { env })
    await child.waitFor(new RegExp(`http://127\\.0\\.0\\.1:${port}/mcp`), 30_000)
    return { ...child, url: `http://127.0.0.1:${port}/mcp` }
  }

  it('outlive a crash, each gateway with a file of its own', async () => {
    const [one, two] = [await freePort(), await freePort()]
    const first = await start(one)
    const second = await start(two)
    const session = await openSession(first.url)
    const other = await openSession(second.url)
    const works = (of: typeof session) =>
      until(
        'the tools',
        async () => ((await callIn(of, 'count')) === '1' ? true : undefined),
        20_000,
      )
    await works(session)
    await works(other)
    const folder = join(home.path, 'data', 'toolhive', 'sessions')
    const files = (await readdir(folder)).filter((name) => name.endsWith('.db'))
    assert.deepEqual(files.toSorted(), [`under-test-${one}.db`, `under-test-${two}.db`].toSorted())
    assert.equal((await stat(join(folder, files[0] ?? ''))).mode & 0o777, 0o600)
    first.process.kill('SIGKILL')
    await first[Symbol.asyncDispose]()

    const again = await start(one)
    assert.equal((await session.send('tools/list')).status, 200)
    assert.equal((await other.send('tools/list')).status, 200)
    await again[Symbol.asyncDispose]()
    await second[Symbol.asyncDispose]()
  })

  it('are in memory where the port is another one each time', async () => {
    await using child = await startOnAnyPort()
    assert.match(child.output(), /mcp/)
    const entries = await readdir(join(home.path, 'none')).catch(() => [])
    assert.deepEqual(entries, [])
  })

  async function startOnAnyPort(): Promise<Child> {
    const file = join(home.path, 'vmcp.yaml')
    await writeFile(file, gatewayConfig({ lab: lab.entry }))
    const args = [CLI, 'vmcp', 'serve', '-c', file, '--port', '0']
    const env = { ...process.env, HOME: home.path, XDG_DATA_HOME: join(home.path, 'none') }
    const child = startChild(process.execPath, args, { env })
    await child.waitFor(/http:\/\/127\.0\.0\.1:\d+\/mcp/, 30_000)
    return child
  }
})
