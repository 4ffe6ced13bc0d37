import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cancellation } from '../../base/cancellation.ts'
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'
import { createOutbound } from '../../net/outbound.ts'
import { createChildProcesses } from '../../system/child-process.ts'
import { silentLogger } from '../../telemetry/logger.ts'
import type { BackendConnection, BackendRequest, BackendTarget } from '../backend-connection.ts'
import { connectBackend } from '../connect-backend.ts'
import type { ConnectOptions } from '../connect-backend.ts'
import type { InputRequest } from '../messages.ts'
import { parseRawResult } from '../raw-response.ts'
import type { Reply } from '../reply.ts'

/** What a connection told its owner. */
export interface Heard {
  notifications: [method: string, params: JsonObject][]
  /** How often announcements may have been missed. */
  missed: number
  questions: InputRequest[]
  closed: string[]
  logged: [message: string, fields: Record<string, unknown>][]
}

/** A connection with all it needs, which ends with it. */
export interface TestConnection extends AsyncDisposable {
  readonly connection: BackendConnection
  readonly heard: Heard
}

const CAPABILITIES = { elicitation: { form: {} }, sampling: {}, roots: {} }

export async function openTestConnection(
  target: BackendTarget,
  overrides: Partial<ConnectOptions> = {},
): Promise<TestConnection> {
  const heard: Heard = { notifications: [], missed: 0, questions: [], closed: [], logged: [] }
  const outbound = createOutbound()
  const children = createChildProcesses()
  const record = (fields: object, message: string) =>
    void heard.logged.push([message, fields as Record<string, unknown>])
  const log = { ...silentLogger, info: record, warn: record, error: record, child: () => log }
  const end = async () => {
    await children.close({ stdinMs: 200, termMs: 200 })
    await outbound.close()
  }
  try {
    const connection = await connectBackend(target, {
      name: 'test',
      clientInfo: { name: 'gateway', version: '0.0.1' },
      capabilities: CAPABILITIES,
      openStream: true,
      connectTimeoutMs: 10_000,
      log,
      outbound,
      children,
      events: {
        onNotification: (method, params) => void heard.notifications.push([method, params]),
        onQuestion(question) {
          heard.questions.push(question)
          return Promise.resolve({ roots: [] })
        },
        onMissed: () => void heard.missed++,
        onClose: (reason) => void heard.closed.push(reason),
      },
      ...overrides,
    })
    return {
      connection,
      heard,
      async [Symbol.asyncDispose]() {
        await connection.close()
        await end()
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** A tools/call with sensible defaults. */
export function toolCall(
  name: string,
  args: JsonObject = {},
  overrides: Partial<BackendRequest> = {},
): BackendRequest {
  return {
    method: 'tools/call',
    params: { name, arguments: args },
    capabilities: CAPABILITIES,
    wantsProgress: false,
    cancellation: new Cancellation(),
    timeouts: { idleMs: 5000, absoluteMs: 10_000 },
    ...overrides,
  }
}

/** The result of a raw reply. */
export function resultOf(reply: Reply): JsonObject {
  assert.equal(reply.kind, 'raw', JSON.stringify(reply))
  const result = reply.kind === 'raw' ? parseRawResult(reply.response) : undefined
  assert.ok(isJsonObject(result))
  return result
}

/** The text of the first content of a tool's result. */
export function textOf(reply: Reply): string {
  const [content] = resultOf(reply)['content'] as { text: string }[]
  return content?.text ?? ''
}

export async function until(done: () => boolean, what: string, timeoutMs = 5000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!done()) {
    if (performance.now() > deadlineMs) assert.fail(`not in time: ${what}`)
    await sleep(10)
  }
}
