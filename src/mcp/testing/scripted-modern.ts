import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BackendTarget } from '../backend-connection.ts'
import { json } from './bad-peers.ts'
import { readJson, serveHttp } from './http-tool-servers.ts'
import type { RunningHttp } from './http-tool-servers.ts'
import type { RpcRequest } from '../messages.ts'

/** A request as a modern server got it. */
export interface Received {
  readonly message: RpcRequest
  readonly headers: IncomingMessage['headers']
}

export interface ScriptedModern extends RunningHttp {
  readonly target: BackendTarget
  readonly received: Received[]
  /** How anything but `server/discover` is answered; may be replaced at any time. */
  answer: (response: ServerResponse, received: Received) => void
  /** What `server/discover` answers; replaced, the server is another one. */
  discover: (response: ServerResponse, received: Received) => void
}

/** A server of 2026-07-28 over HTTP that answers as told. */
export async function serveScriptedModern(): Promise<ScriptedModern> {
  const received: Received[] = []
  const running = await serveHttp((request, response) => {
    void readJson(request).then((message) => {
      const one = { message: message as RpcRequest, headers: request.headers }
      received.push(one)
      if (one.message.method === 'server/discover') return scripted.discover(response, one)
      scripted.answer(response, one)
    })
  })
  const scripted: ScriptedModern = {
    ...running,
    target: { kind: 'http', url: `${running.url}/mcp`, transport: 'streamable-http' },
    received,
    answer: (response, one) => json(response, resultOf(one, { content: [] })),
    discover: (response, one) =>
      json(response, resultOf(one, { supportedVersions: ['2026-07-28'], capabilities: {} })),
  }
  return scripted
}

/** A complete result for this request. */
export function resultOf({ message }: Received, result: object): object {
  return { jsonrpc: '2.0', id: message.id, result: { resultType: 'complete', ...result } }
}

export function errorOf({ message }: Received, code: number, text: string, data?: object): object {
  return { jsonrpc: '2.0', id: message.id, error: { code, message: text, data } }
}
