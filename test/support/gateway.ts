import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { startChild, type Child } from './child.ts'
import { createTempDir } from './temp-dir.ts'
import { API_ENV } from './api-key.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** `THV_TEST_GATEWAY` replaces it: a program and its arguments, to try the tests themselves on something simpler. */
const DEFAULT_COMMAND = process.env['THV_TEST_GATEWAY']?.split(' ') ?? [
  process.execPath,
  CLI,
  'vmcp',
  'serve',
]

/** On a machine that has much else to do. */
const START_WITHIN_MS = 60_000

/** A gateway run as a user runs it: the command line, a file, a port of its own. */
export interface Gateway extends AsyncDisposable {
  /** The `/mcp` endpoint. */
  readonly url: string
  /** Without a path, for `/health` and the like. */
  readonly origin: string
  readonly child: Child
  /** Path of its configuration file: rewrite it to test hot reload. */
  readonly configPath: string
}

export interface GatewayOptions {
  /** `tools`: wait until a tool is listed (default); `listening`: until it says its address. */
  readonly until?: 'tools' | 'listening'
  /** Added to the command line. */
  readonly args?: readonly string[]
  /** Program and arguments before `--config FILE --port 0`; default: `thv vmcp serve` from source. */
  readonly command?: readonly string[]
  /** On top of the environment of the test. */
  readonly env?: Readonly<Record<string, string>>
}

/** The configuration with these backends under their bare names: the first wins a conflict. Anonymous. */
export function gatewayConfig(
  backends: Record<string, Record<string, unknown>>,
  rest: Record<string, unknown> = {},
): string {
  return stringify({
    name: 'under-test',
    groupRef: 'under-test',
    incomingAuth: { type: 'anonymous' },
    outgoingAuth: { source: 'inline' },
    aggregation: {
      conflictResolution: 'priority',
      conflictResolutionConfig: { priorityOrder: Object.keys(backends) },
    },
    backends: Object.entries(backends).map(([name, entry]) => ({ name, ...entry })),
    ...rest,
  })
}

export async function startGateway(yaml: string, options: GatewayOptions = {}): Promise<Gateway> {
  const { until = 'tools', args = [], command = DEFAULT_COMMAND, env = {} } = options
  const home = await createTempDir()
  const configPath = join(home.path, 'vmcp.yaml')
  await writeFile(configPath, yaml)
  const [program = '', ...rest] = command
  const child = startChild(program, [...rest, '--config', configPath, '--port', '0', ...args], {
    env: {
      ...process.env,
      HOME: home.path,
      XDG_STATE_HOME: home.path,
      XDG_CONFIG_HOME: home.path,
      ...API_ENV,
      ...env,
    },
  })
  const dispose = async () => {
    await child[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  }
  try {
    const url = await ownUrl(child, yaml)
    if (until === 'tools') await toolsListed(url, child)
    const { origin } = new URL(url)
    return { url, origin, child, configPath, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** As the kernel does when memory is short. */
export async function killGateway(gateway: Gateway): Promise<void> {
  gateway.child.process.kill('SIGKILL')
  await gateway[Symbol.asyncDispose]()
}

/** The first endpoint it names that is not one of its backends. */
async function ownUrl(child: Child, yaml: string): Promise<string> {
  const backends = [...yaml.matchAll(/http:\/\/127\.0\.0\.1:(\d+)/g)].map(([, port]) => port)
  const others = backends.length > 0 ? `(?!(?:${backends.join('|')})/)` : ''
  const own = new RegExp(`http://(?:127\\.0\\.0\\.1|localhost):${others}\\d+/mcp`)
  const [url] = await child.waitFor(own, START_WITHIN_MS)
  return url
}

async function toolsListed(url: string, child: Child): Promise<void> {
  const until = performance.now() + START_WITHIN_MS
  while (performance.now() < until) {
    if ((await countTools(url)) > 0) return
    await sleep(50)
  }
  throw new Error(`The gateway listed no tools\n${child.output().slice(-4000)}`)
}

async function countTools(url: string): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/list',
      params: {
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  })
  const data = /\{.*\}/s.exec(await response.text())?.[0] ?? '{}'
  const message = JSON.parse(data) as { result?: { tools?: unknown[] } }
  return message.result?.tools?.length ?? 0
}
