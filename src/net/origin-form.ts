import type { HttpRequest } from './http-message.ts'

const SLASH = 0x2f

/**
 * Makes `/mcp` of a request target like `http://gateway.example.com/mcp`, which servers have to accept (RFC 9112 3.2.2): then it is the
 * target that names the host, not the header. Anything else stays as it is.
 */
export function toOriginForm(request: Pick<HttpRequest, 'url' | 'headers'>): void {
  const target = request.url ?? ''
  if (target.charCodeAt(0) === SLASH) return
  const url = URL.parse(target)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return
  request.url = url.pathname + url.search
  request.headers = { ...request.headers, host: url.host }
}
