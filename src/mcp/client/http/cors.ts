import type { HttpRequest, HttpResponse } from '../../../net/http-message.ts'

/** What a page may read of an answer besides its body. */
const EXPOSED = 'Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate, Retry-After'
const METHODS = 'GET, POST, DELETE'
/** Browsers keep no longer than two hours what they were allowed. An origin that is named no more is refused all the same. */
const MAX_AGE_SECONDS = '7200'

const VISIBLE = /^[\x21-\x7e]+$/
const FIELD_NAMES = /^[\w!#$%&'*+.^`|~, -]+$/

/** Lets a page of this origin, which the guard has let in, read the answer, whatever it is (Fetch standard, CORS). */
export function letPageRead(response: HttpResponse, origin: string): void {
  if (!VISIBLE.test(origin)) return
  response.setHeader('Access-Control-Allow-Origin', origin)
  response.setHeader('Access-Control-Expose-Headers', EXPOSED)
  response.setHeader('Vary', 'Origin')
}

/** True for what a browser asks before the request of a page; it names nobody, and is never for us. */
export function isPreflight({ method, headers }: HttpRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

/**
 * Answers it. Every header that is asked for may be sent: the origin is one that the operator named, and what its pages send beyond
 * what MCP knows is for backends (`passthroughHeaders`, `Mcp-Param-*`) or of no consequence.
 */
export function answerPreflight({ headers }: HttpRequest, response: HttpResponse): void {
  const allowed = ['Access-Control-Allow-Methods', METHODS]
  const asked = headers['access-control-request-headers']
  if (asked !== undefined && FIELD_NAMES.test(asked)) {
    allowed.push('Access-Control-Allow-Headers', asked)
  }
  // A page from elsewhere that calls a machine of the local network (Private Network Access).
  if (headers['access-control-request-private-network'] === 'true') {
    allowed.push('Access-Control-Allow-Private-Network', 'true')
  }
  response.writeHead(204, [...allowed, 'Access-Control-Max-Age', MAX_AGE_SECONDS])
  response.end()
}
