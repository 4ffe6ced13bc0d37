import type { IncomingHttpHeaders } from 'node:http'
import type { ClientView, Principal } from '../../caller.ts'
import type { RpcRequest } from '../../messages.ts'

/** A modern request that passed all checks. */
export interface ModernRequest {
  readonly message: RpcRequest
  readonly client: ClientView
  readonly principal: Principal
  /** Absent on stdio. */
  readonly headers?: IncomingHttpHeaders
}
