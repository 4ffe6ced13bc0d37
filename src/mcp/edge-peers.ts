import type { HttpRequest, HttpResponse } from '../net/http-message.ts'
import type { JsonObject } from '../base/json.ts'
import type { Principal } from './caller.ts'

/** Whose request is handed on. */
export interface ForwardedClient {
  readonly principal: Principal
  /** Where it came from; undefined: its connection is gone. */
  readonly address: string | undefined
  /** If it was read already. */
  readonly body?: Buffer
}

/** The other replicas of a gateway, as a client edge needs them. Our ids carry our name, so that others find us by them. */
export interface EdgePeers {
  /** Our name: letters and digits. */
  readonly self: string
  /** Hands a client's request on, as it came, and its answer back. */
  forward(
    to: string,
    request: HttpRequest,
    response: HttpResponse,
    client: ForwardedClient,
  ): Promise<Forwarded>
  /** Hands a message on to the edge of another replica, patiently while that stands still. Never rejects. */
  send(to: string, message: EdgeMessage): Promise<Delivery>
  /**
   * The same to all others. Resolves when they have heard, or after a second; those that stand still hear of it when they go on. Never
   * rejects.
   */
  sendAll(message: EdgeMessage): Promise<void>
}

/**
 * What became of a request that was handed on. `gone`: that replica is dead or leaving; `silent`: it does not answer now; neither did
 * anything. `unknown`: it has the request, and whether that ran nobody can say. Only `answered` has answered the client.
 */
export type Forwarded = 'answered' | 'gone' | 'silent' | 'unknown'

/**
 * What became of a message for another replica. `unwanted`: nobody there waits for it. `gone`: no such replica is there any more.
 * `silent`: it is not known to have arrived, and may yet.
 */
export type Delivery = 'taken' | 'unwanted' | 'gone' | 'silent'

/**
 * `from-client`: a response or notification of the session's client, for the replica that waits for it. `to-client`: what is to go
 * out on the standalone stream that this replica holds.
 */
export interface EdgeMessage {
  readonly kind: 'from-client' | 'to-client'
  readonly session: string
  readonly principal: Principal
  readonly message: JsonObject
}

/** The edge, as other replicas see it. */
export interface PeerSide {
  /** Answers a request of a client that another replica has admitted. */
  serve(
    request: HttpRequest,
    response: HttpResponse,
    client: ForwardedClient & { readonly body: Buffer },
  ): void
  /** Takes a message. False: nobody here waits for it. */
  receive(message: EdgeMessage): Promise<boolean>
}

/** The replica that an id of ours names: `name_rest`. Undefined for ids that carry none. */
export function replicaIn(id: string): string | undefined {
  const end = id.indexOf('_')
  return end > 0 ? id.slice(0, end) : undefined
}
