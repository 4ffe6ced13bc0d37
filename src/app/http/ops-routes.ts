import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HostGuard } from '../../mcp/host-guard.ts'

/** Returns what is wrong with Host or Origin: a page that had its name point here must not read what is told here. */
export type OpsGuard = HostGuard

/** What the endpoints for operators answer; each is asked when its path is. */
export interface OpsSources {
  /** `GET /readyz`. */
  readonly ready: () => { ok: boolean; body: object }
  /** `GET /status`. */
  readonly status: () => object
  /** `GET /api/backends/health`. */
  readonly backendsHealth: () => object
  /** `GET /metrics`: content type and text; undefined where it is not served on the port of the clients. */
  readonly metrics: () => MetricsPage | undefined
  /** The same for a port of operators. */
  readonly allMetrics: () => MetricsPage
}

export interface MetricsPage {
  readonly type: string
  readonly text: string
}

type Route = (sources: OpsSources) => { status: number; type: string; body: string } | undefined

const JSON_TYPE = 'application/json'
const OK = { status: 200, type: JSON_TYPE, body: '{"status":"ok"}' }

/** They tell nothing but a state, and their callers use whatever address they have. */
const PROBES: ReadonlySet<string> = new Set(['/health', '/ping', '/readyz'])

const ROUTES: Readonly<Record<string, Route>> = {
  '/health': () => OK,
  '/ping': () => OK,
  '/readyz': ({ ready }) => {
    const { ok, body } = ready()
    return { status: ok ? 200 : 503, type: JSON_TYPE, body: JSON.stringify(body) }
  },
  '/status': ({ status }) => json(status()),
  '/api/backends/health': ({ backendsHealth }) => json(backendsHealth()),
  '/metrics': ({ metrics }) => {
    const found = metrics()
    return found && { status: 200, type: found.type, body: found.text }
  },
  // Without OAuth there is no protected resource to describe (RFC 9728).
  '/.well-known/oauth-protected-resource': () => ({
    status: 404,
    type: JSON_TYPE,
    body: '{"error":"not_found","error_description":"This server needs no token"}',
  }),
}

/**
 * Health, status and metrics (vmcp 13.4): GET and HEAD, never cached. Returns false for other paths.
 */
export function createOpsRoutes(
  sources: OpsSources,
  guard: OpsGuard,
): (req: IncomingMessage, res: ServerResponse) => boolean {
  return (req, res) => {
    const path = req.url?.split('?', 1)[0] ?? ''
    const route = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined
    if (route === undefined) return false
    const problem = PROBES.has(path) ? undefined : guard(req.headers)
    if (problem !== undefined) {
      const { status, message, code, hint } = problem
      res.writeHead(status, { 'content-type': JSON_TYPE })
      res.end(JSON.stringify({ error: message, code, hint }))
      return true
    }
    const answer = route(sources)
    if (answer === undefined) return false
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.writeHead(405, { allow: 'GET, HEAD', 'content-type': JSON_TYPE })
      res.end('{"error":"method not allowed"}')
      return true
    }
    res.writeHead(answer.status, {
      'content-type': answer.type,
      'content-length': Buffer.byteLength(answer.body),
      'cache-control': 'no-store',
    })
    res.end(req.method === 'HEAD' ? undefined : answer.body)
    return true
  }
}

function json(body: object): { status: number; type: string; body: string } {
  return { status: 200, type: JSON_TYPE, body: JSON.stringify(body) }
}
