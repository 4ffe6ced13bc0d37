import type { Json, JsonObject } from '../base/json.ts'

/** JSON-RPC id. Never null in MCP; the JSON type is kept on the way back. */
export type RequestId = string | number

export interface RpcRequest {
  jsonrpc: '2.0'
  id: RequestId
  method: string
  params?: JsonObject
}

export interface RpcNotification {
  jsonrpc: '2.0'
  method: string
  params?: JsonObject
}

export interface RpcError {
  code: number
  message: string
  data?: Json
}

export type RpcResponse =
  | { jsonrpc: '2.0'; id: RequestId; result: JsonObject }
  | { jsonrpc: '2.0'; id: RequestId | null; error: RpcError }

export type RpcMessage = RpcRequest | RpcNotification | RpcResponse

/** RFC 5424 severities, least severe first (all revisions, `LoggingLevel`). */
export const LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Name and version of a client or server; other members (title, icons …) pass through. */
export interface Implementation extends JsonObject {
  name: string
  version: string
}

/** What a server says of itself, in neither era's dress (`initialize` result, `server/discover` result). */
export interface ServerDescription {
  info: Implementation
  capabilities: JsonObject
  instructions?: string
}

/** A question of a server to its client (2026-07-28 MRTR; before, server-to-client requests). */
export interface InputRequest {
  method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list'
  params: JsonObject
}
export type InputRequests = Record<string, InputRequest>
/** Bare result objects by the key of the question. */
export type InputAnswers = Record<string, JsonObject>

/** Filter of `subscriptions/listen` (2026-07-28 subscriptions). */
export interface ListenFilter {
  toolsListChanged?: boolean
  promptsListChanged?: boolean
  resourcesListChanged?: boolean
  resourceSubscriptions?: string[]
  taskIds?: string[]
}
