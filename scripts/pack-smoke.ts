import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { freePort } from './support/free-port.ts'
import { modernCall } from './support/modern-call.ts'
import { run, start } from './support/program.ts'
import { waitForHttp } from './support/wait-for.ts'

/** What a user gets: `npm pack`, install the file into an empty folder, use the `thv` that is there. */
describe('the packed product', () => {
  let dir = ''
  let thv = ''

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'thv-pack-'))
    const packed = await run('npm', ['pack', '--json', '--pack-destination', dir])
    assert.equal(packed.code, 0, packed.stderr)
    const [tarball] = (await readdir(dir)).filter((name) => name.endsWith('.tgz'))
    assert.ok(tarball, packed.stdout)
    await writeFile(join(dir, 'package.json'), '{ "private": true }')
    const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`]
    const installed = await run('npm', install, { cwd: dir })
    assert.equal(installed.code, 0, installed.stderr)
    thv = join(dir, 'node_modules', '.bin', 'thv')
  })

  after(() => rm(dir, { recursive: true, force: true }))

  it('brings no other package with it', async () => {
    const names = await readdir(join(dir, 'node_modules'))
    assert.deepEqual(names.filter((name) => !name.startsWith('.')).sort(), ['toolhive'])
  })

  it('holds the bundle, the licences and the readme, and no sources', async () => {
    const names = await readdir(join(dir, 'node_modules', 'toolhive'))
    assert.deepEqual(names.sort(), ['LICENSE', 'README.md', 'dist', 'package.json'])
  })

  it('tells its version', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
    const { code, stdout, stderr } = await run(thv, ['version'], { cwd: dir })
    assert.equal(code, 0, stderr)
    assert.ok(stdout.includes(version), stdout)
  })

  it('helps', async () => {
    const { code, stdout } = await run(thv, ['--help'], { cwd: dir })
    assert.equal(code, 0)
    assert.match(stdout, /vmcp/)
  })

  it('accepts the example and refuses a broken one', async () => {
    const good = await run(
      thv,
      ['vmcp', 'validate', '-c', resolve('examples/quickstart/vmcp.yaml')],
      { cwd: dir },
    )
    assert.equal(good.code, 0, good.stderr)
    await writeFile(join(dir, 'broken.yaml'), 'name: broken\nbackendz: []\n')
    const bad = await run(thv, ['vmcp', 'validate', '-c', 'broken.yaml'], { cwd: dir })
    assert.equal(bad.code, 1)
    assert.match(bad.stderr, /broken\.yaml:2:1/)
  })

  it('serves a backend and answers a call', async () => {
    const everything = resolve('node_modules/@modelcontextprotocol/server-everything/dist/index.js')
    await writeFile(join(dir, 'vmcp.yaml'), configOf(everything))
    const port = await freePort()
    const args = ['vmcp', 'serve', '-c', 'vmcp.yaml', '--port', String(port)]
    await using gateway = start(thv, args, { cwd: dir })
    const url = `http://127.0.0.1:${port}`
    await waitForHttp(`${url}/readyz`, 30_000, () => gateway.output().stderr)
    const reply = await modernCall(`${url}/mcp`, 'tools/call', {
      name: 'everything_get-sum',
      arguments: { a: 2, b: 3 },
    })
    assert.match(JSON.stringify(reply.result), /The sum of 2 and 3 is 5/)
    gateway.child.kill('SIGTERM')
    assert.equal((await gateway.ended).code, 0)
  })

  it('starts in at most 1.6 times an empty Node process', async (t) => {
    const main = join(dir, 'node_modules', 'toolhive', 'dist', 'thv.js')
    await writeFile(join(dir, 'empty.mjs'), '')
    for (const args of [['version'], ['--help']]) {
      const { ratio, emptyMs, ms } = await startUp(join(dir, 'empty.mjs'), [main, ...args])
      t.diagnostic(
        `thv ${args.join(' ')}: ${ms.toFixed(1)} ms, empty ${emptyMs.toFixed(1)} ms, ratio ${ratio.toFixed(2)}`,
      )
      assert.ok(
        ratio <= 1.6,
        `thv ${args.join(' ')} takes ${ratio.toFixed(2)} times an empty process`,
      )
    }
  })
})

const configOf = (server: string): string => `
name: packed
groupRef: packed
incomingAuth: { type: anonymous }
outgoingAuth: { source: inline }
backends:
  - name: everything
    transport: stdio
    command: ${process.execPath}
    args: [${server}]
aggregation:
  conflictResolution: prefix
  conflictResolutionConfig: { prefixFormat: '{workload}_' }
`

/** The fastest of interleaved runs: what else the machine does can only slow a run down. */
async function startUp(
  empty: string,
  program: readonly string[],
): Promise<{ emptyMs: number; ms: number; ratio: number }> {
  const times = { empty: [] as number[], program: [] as number[] }
  for (let round = 0; round < 21; round++) {
    times.empty.push(await timeMs([empty]))
    times.program.push(await timeMs(program))
  }
  const [emptyMs, ms] = [Math.min(...times.empty), Math.min(...times.program)]
  return { emptyMs, ms, ratio: ms / emptyMs }
}

async function timeMs(args: readonly string[]): Promise<number> {
  const began = performance.now()
  const { code, stderr } = await run(process.execPath, args)
  assert.equal(code, 0, stderr)
  return performance.now() - began
}
