import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { BackendTarget } from '../backend-connection.ts'
import {
  openTestConnection,
  resultOf,
  textOf,
  toolCall,
  until,
} from '../testing/test-connection.ts'

const PROGRAM = fileURLToPath(
  import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'),
)

/** The reference server of the protocol's authors, as published: what users have at home looks like this. */
describe('server-everything', { concurrency: true }, () => {
  it('works over stdio', () =>
    exercise({ kind: 'stdio', command: process.execPath, args: [PROGRAM, 'stdio'], env: {} }))

  it('works over streamable HTTP', async () => {
    await using server = await startEverything('streamableHttp')
    await exercise({ kind: 'http', url: `${server.url}/mcp`, transport: 'streamable-http' })
  })

  it('works over SSE', async () => {
    await using server = await startEverything('sse')
    await exercise({ kind: 'http', url: `${server.url}/sse`, transport: 'sse' })
  })
})

async function exercise(target: BackendTarget): Promise<void> {
  await using test = await openTestConnection(target)
  const { connection } = test
  assert.equal(connection.era, 'legacy')
  assert.equal(connection.version, '2025-11-25')
  assert.equal(textOf(await connection.request(toolCall('echo', { message: 'hi' }))), 'Echo: hi')
  const progress: unknown[] = []
  const long = toolCall(
    'trigger-long-running-operation',
    { duration: 0.2, steps: 2 },
    {
      wantsProgress: true,
      onNotification: (method, params) => {
        if (method === 'notifications/progress') progress.push(params['progress'])
      },
    },
  )
  assert.match(textOf(await connection.request(long)), /completed/)
  assert.deepEqual(progress, [1, 2])
  const asked: string[] = []
  const elicit = toolCall(
    'trigger-elicitation-request',
    {},
    {
      onQuestion(question) {
        asked.push(question.method)
        return Promise.resolve({ action: 'decline' })
      },
    },
  )
  assert.match(textOf(await connection.request(elicit)), /declined/)
  assert.ok(asked.includes('elicitation/create'))
  const list = { ...toolCall(''), method: 'resources/list', params: {} }
  assert.ok((resultOf(await connection.request(list))['resources'] as unknown[]).length > 0)
  assert.deepEqual(test.heard.closed, [])
}

async function startEverything(mode: string): Promise<AsyncDisposable & { url: string }> {
  const port = await freePort()
  const child = spawn(process.execPath, [PROGRAM, mode], {
    env: { PATH: process.env['PATH'], PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const url = `http://127.0.0.1:${port}`
  await until(() => /(?:listening|running) on port/.test(stderr), 'the server', 10_000)
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
