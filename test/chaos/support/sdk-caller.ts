import { ProtocolError, SdkHttpError } from '@modelcontextprotocol/client'
import { connectHttp, type Era, type TestClient } from '../../support/clients.ts'
import type { Answer, Caller, Request } from './wire.ts'

/** A client of the official SDK, with the stream it holds open; what it throws is read back into what was on the wire. */
export function createSdkCaller(url: string, era: Era): Caller {
  let connected: TestClient | undefined
  return {
    kind: `${era}-sdk`,
    hasSession: era === 'legacy',
    async open() {
      await connected?.client.close().catch(() => {})
      connected = await connectHttp(url, { era })
    },
    async send(request, signal) {
      if (connected === undefined) throw new Error('not connected')
      try {
        const result = await ask(connected, request, signal)
        return { status: 200, retryAfterMs: undefined, message: { result } }
      } catch (error) {
        return answerOf(error)
      }
    },
    async close() {
      await connected?.client.close().catch(() => {})
    },
  }
}

async function ask(
  { client }: TestClient,
  { method, params }: Request,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const options = { signal, timeout: 60_000 }
  if (method === 'tools/list') return { ...(await client.listTools({}, options)) }
  if (method !== 'tools/call') throw new Error(`not for here: ${method}`)
  const { name, arguments: args, _meta } = params
  const call = {
    name: String(name),
    arguments: { ...(args as object) },
    _meta: { ...(_meta as object) },
  }
  return { ...(await client.callTool(call, options)) }
}

function answerOf(error: unknown): Answer {
  if (error instanceof ProtocolError) {
    const { code, message, data } = error
    return { status: 200, retryAfterMs: undefined, message: { error: { code, message, data } } }
  }
  if (error instanceof SdkHttpError) {
    return { status: error.status, retryAfterMs: undefined, message: undefined }
  }
  throw error
}
