import assert from 'node:assert/strict'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { modernCall } from '../../scripts/support/modern-call.ts'
import { run } from '../../scripts/support/program.ts'
import { waitFor } from '../../scripts/support/wait-for.ts'
import { startChild } from '../support/child.ts'
import { connectHttp } from '../support/clients.ts'
import { gatewayConfig, startGateway } from '../support/gateway.ts'
import { createTempDir } from '../support/temp-dir.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const MEMORY = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-memory/dist/index.js', import.meta.url),
)
const BACKENDS = { memory: { transport: 'stdio', command: process.execPath, args: [MEMORY] } }

const namesAt = async (url: string): Promise<string[]> => {
  const { result } = await modernCall(url, 'tools/list')
  return ((result?.['tools'] ?? []) as { name: string }[]).map(({ name }) => name)
}

describe('thv vmcp serve', () => {
  it('ends with 0 on SIGTERM', async () => {
    await using gateway = await startGateway(gatewayConfig(BACKENDS))
    assert.equal(await gateway.child.stop(), 0, gateway.child.output())
  })

  it('names the process that holds the port, and the flag that changes it', async () => {
    await using gateway = await startGateway(gatewayConfig(BACKENDS), { until: 'listening' })
    const { port } = new URL(gateway.url)
    const args = [CLI, 'vmcp', 'serve', '-c', gateway.configPath, '--port', port]
    const { code, stderr } = await run(process.execPath, args, {
      env: { ...process.env, XDG_DATA_HOME: dirname(gateway.configPath) },
    })
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`CLI_PORT_TAKEN\\] Cannot listen on 127\\.0\\.0\\.1:${port}`))
    if (process.platform === 'linux') {
      assert.match(stderr, new RegExp(`process ${gateway.child.process.pid} `))
    }
    assert.match(stderr, /Try: --port /)
  })

  it('serves a valid edit of its file to a session that goes on, and keeps the old one otherwise', async () => {
    const tools = (name: string) => ({
      aggregation: {
        conflictResolution: 'prefix',
        conflictResolutionConfig: { prefixFormat: 'm_' },
        tools: [{ workload: 'memory', overrides: { read_graph: { name } } }],
      },
    })
    await using gateway = await startGateway(gatewayConfig(BACKENDS, tools('look')))
    await using session = await connectHttp(gateway.url, { era: 'legacy' })
    const listed = async () => (await session.client.listTools()).tools.map(({ name }) => name)
    assert.ok((await listed()).includes('m_look'))

    await writeFile(
      gateway.configPath,
      gatewayConfig(BACKENDS, tools('look')).replace('groupRef', 'grupRef'),
    )
    await gateway.child.waitFor(/grupRef: is not a known key/, 5000)
    assert.ok((await listed()).includes('m_look'))

    await writeFile(`${gateway.configPath}.new`, gatewayConfig(BACKENDS, tools('gaze')))
    await rename(`${gateway.configPath}.new`, gateway.configPath)
    await waitFor(
      async () => ((await listed()).includes('m_gaze') ? true : undefined),
      5000,
      () => gateway.child.output(),
    )
    const answer = await session.client.callTool({ name: 'm_gaze', arguments: {} })
    assert.notEqual(answer.isError, true)
  })

  it('serves the servers of a local group without a file', async () => {
    await using backend = await startGateway(gatewayConfig(BACKENDS))
    await using home = await createTempDir()
    const folder = join(home.path, 'toolhive', 'runconfigs')
    await mkdir(folder, { recursive: true })
    const config = {
      name: 'mem',
      transport: 'streamable-http',
      port: Number(new URL(backend.url).port),
    }
    await writeFile(join(folder, 'mem.json'), JSON.stringify(config))
    await using quick = startChild(
      process.execPath,
      [CLI, 'vmcp', 'serve', '--group', 'default', '--port', '0'],
      { env: { ...process.env, XDG_STATE_HOME: home.path } },
    )
    const [, url = ''] = await quick.waitFor(/(http:\/\/127\.0\.0\.1:\d+\/mcp)/, 20_000)
    await waitFor(
      async () => ((await namesAt(url)).includes('mem_read_graph') ? true : undefined),
      10_000,
      () => quick.output(),
    )
    // Unlike the original (docs/guides/operate.md): it watches its backends.
    const health = await fetch(new URL('/api/backends/health', url))
    const watched = (await health.json()) as { monitoring_enabled: unknown; summary: unknown }
    assert.equal(watched.monitoring_enabled, true)
    assert.partialDeepStrictEqual(watched.summary, { Total: 1, Healthy: 1 })
    assert.equal(await quick.stop(), 0)
  })
})

describe('thv version and thv --help', () => {
  it('load no package', async () => {
    const loaded = await staticImports(CLI)
    const packages = [...loaded].filter((specifier) => !/^(node:|\/)/.test(specifier))
    assert.deepEqual(packages, [])
    assert.ok(loaded.size < 25, [...loaded].join('\n'))
  })
})

/** Files and packages a program loads before it does anything. */
async function staticImports(file: string, seen = new Set<string>()): Promise<Set<string>> {
  if (seen.has(file)) return seen
  seen.add(file)
  const source = await readFile(file, 'utf8')
  const imports = /^(?:import|export)(?! type)[\w\s{},*]* from '([^']+)'/gm
  for (const [, specifier = ''] of source.matchAll(imports)) {
    if (!specifier.startsWith('.')) seen.add(specifier)
    else await staticImports(fileURLToPath(new URL(specifier, `file://${file}`)), seen)
  }
  return seen
}
