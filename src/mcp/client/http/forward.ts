import type { HttpRequest, HttpResponse } from '../../../net/http-message.ts'
import type { Principal } from '../../caller.ts'

/** Hands a request on to another replica; `here` if that is dead, or if another has handed it on to us. */
export type Forward = (
  to: string,
  request: HttpRequest,
  response: HttpResponse,
  client: { readonly principal: Principal; readonly body?: Buffer },
  here: () => void,
) => void
