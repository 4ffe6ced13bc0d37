import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startChild } from './child.ts'
import { connectHttp, type Era, type TestClientOptions } from './clients.ts'
import { createTempDir } from './temp-dir.ts'
import { until } from './until.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const READY_MS = 60_000

/** An example of `examples/workflows`, served by `thv vmcp serve` in a copy of the examples: what it writes is thrown away. */
export interface Example extends AsyncDisposable {
  /** The folder of demo data it works on. */
  readonly demo: string
  /** Calls its tool with a client of the official SDK. */
  call(
    args: Record<string, unknown>,
    options?: Partial<TestClientOptions> & { era?: Era },
  ): Promise<ExampleResult>
  /** The tools that clients see. */
  tools(): Promise<ExampleTool[]>
}

export interface ExampleResult {
  readonly isError?: boolean
  readonly content: { readonly text?: string }[]
  readonly structuredContent?: Record<string, unknown>
}

export interface ExampleTool {
  readonly name: string
  readonly description?: string | undefined
  readonly annotations?: object | undefined
  readonly outputSchema?: object | undefined
}

/** Serves `examples/workflows/<file>`; ready when the composite tool `tool` is listed. */
export async function startExample(file: string, tool: string): Promise<Example> {
  const home = await createTempDir()
  // Paths in the examples are relative to the folder of package.json, as are those in the quickstart.
  await cp(join(ROOT, 'examples'), join(home.path, 'examples'), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(home.path, 'node_modules'))
  await mkdir(join(home.path, 'home'))
  // The memory server takes relative paths from its own folder, which a link does not move.
  const config = join(home.path, 'examples/workflows', file)
  const yaml = await readFile(config, 'utf8')
  await writeFile(config, yaml.replaceAll('../../../../examples', join(home.path, 'examples')))
  const child = startChild(
    process.execPath,
    [
      join(ROOT, 'src/cli/main.ts'),
      ...['vmcp', 'serve', '-c', `examples/workflows/${file}`, '--port', '0'],
    ],
    {
      cwd: home.path,
      env: {
        ...process.env,
        // `command: node` is the Node of npm scripts.
        PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
        HOME: join(home.path, 'home'),
        XDG_STATE_HOME: join(home.path, 'home'),
        XDG_CONFIG_HOME: join(home.path, 'home'),
      },
    },
  )
  const dispose = async () => {
    await child[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  }
  try {
    const [url] = await child.waitFor(/http:\/\/127\.0\.0\.1:\d+\/mcp/, READY_MS)
    const tools = async () => {
      await using peer = await connectHttp(url, { era: 'modern' })
      return (await peer.client.listTools()).tools
    }
    const listed = async () => (await tools()).some(({ name }) => name === tool) || undefined
    await until(`${tool} of ${file}`, listed, READY_MS).catch((error: unknown) => {
      throw new Error(child.output(), { cause: error })
    })
    return {
      demo: join(home.path, 'examples/workflows/demo'),
      tools,
      async call(args, { era = 'modern', ...options } = {}) {
        await using peer = await connectHttp(url, { era, ...options })
        const result = await peer.client.callTool(
          { name: tool, arguments: args },
          { timeout: READY_MS },
        )
        return result as ExampleResult
      },
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}
