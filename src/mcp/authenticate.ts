import type { IncomingHttpHeaders } from 'node:http'
import type { Principal } from './caller.ts'

/** The answer to a caller who is not let in: `WWW-Authenticate` and the like, and a body. */
export interface Denied {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Tells who calls from the headers alone. Synchronous where it can be: it runs on the hot path. */
export type Authenticate = (
  headers: IncomingHttpHeaders,
) => Principal | Denied | Promise<Principal | Denied>
