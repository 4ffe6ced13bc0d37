import type { ChildProcess } from 'node:child_process'
import { parseMessage } from '../load/answer-check.ts'
import { openConnection, type RawConnection } from '../load/http-connection.ts'
import { requestText, type Endpoint } from '../load/requests.ts'
import { exchange, openSession } from '../load/sessions.ts'

const RETRY_MS = 3

/** Resolves as soon as a client could work: initialized (legacy), and the tool is listed. */
export async function waitUntilReady(
  endpoint: Endpoint,
  tool: string,
  timeoutMs: number,
  child: ChildProcess,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`)
    try {
      if (await within(deadline - performance.now(), lists(endpoint, tool))) return
      last = `tools/list has no "${tool}"`
    } catch (error) {
      last = error
    }
    await pause(RETRY_MS)
  }
  throw new Error('not ready in time', { cause: last })
}

async function lists(endpoint: Endpoint, tool: string): Promise<boolean> {
  const connection = await openConnection(endpoint.port, () => {})
  try {
    const session = endpoint.era === 'legacy' ? await openSession(connection, endpoint) : undefined
    return await listsTool(connection, endpoint, tool, session)
  } finally {
    connection.close()
  }
}

async function listsTool(
  connection: RawConnection,
  endpoint: Endpoint,
  tool: string,
  session: string | undefined,
): Promise<boolean> {
  const answer = await exchange(connection, requestText(endpoint, 'tools/list', {}, session, 2))
  if (answer.status !== 200) throw new Error(`tools/list: HTTP ${answer.status} ${answer.body}`)
  const message = parseMessage(answer.body?.toString() ?? '')
  return message?.result?.tools?.some(({ name }) => name === tool) ?? false
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return Promise.race([
    promise,
    pause(ms).then(() => {
      throw new Error('no answer')
    }),
  ])
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
