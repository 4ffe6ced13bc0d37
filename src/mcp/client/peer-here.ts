import type { JsonObject } from '../../base/json.ts'
import type { ClientSession } from '../client-session.ts'
import type { RpcNotification, RpcResponse } from '../messages.ts'

/** What is open for a legacy session in this process, as other replicas see it. */
export interface PeerHere {
  readonly session: ClientSession
  /** Sends on the stream that this process holds. False: there is none. */
  sendHere(message: JsonObject): boolean
  /** False if nobody here waits for it. */
  answerHere(response: RpcResponse): boolean
  /** `notifications/cancelled`. False if no such request is in flight here. */
  cancelHere(notification: RpcNotification): boolean
}
