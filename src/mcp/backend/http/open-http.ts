import { isAppError } from '../../../base/errors.ts'
import type { BackendConnection, BackendTarget } from '../../backend-connection.ts'
import { mcpErrors } from '../../errors.ts'
import type { ConnectOptions } from '../connect-options.ts'
import { UNKNOWN_SERVER } from '../legacy/handshake.ts'
import { createHttpEndpoint } from './http-endpoint.ts'
import type { HttpEndpoint } from './http-endpoint.ts'
import { connectLegacyDuplex } from '../legacy/legacy-duplex.ts'
import { connectLegacyHttp } from '../legacy/legacy-http.ts'
import { openModernHttp } from '../modern/modern-http.ts'
import { probe } from '../probe.ts'
import { openSsePipe } from './sse-pipe.ts'

type HttpTarget = BackendTarget & { kind: 'http' }

/** Streamable HTTP of either era; the SSE transport if told so, or if the endpoint turns out to be one. */
export async function openHttpBackend(
  target: HttpTarget,
  options: ConnectOptions,
): Promise<BackendConnection> {
  const endpoint = endpointOf(target, options)
  if (target.transport === 'sse') return connectSse(endpoint, options)
  if (options.era !== 'legacy' && !options.resume) {
    const modern = await tryModern(endpoint, options)
    if (modern) return modern
  }
  return tryLegacy(endpoint, options)
}

/** A bundle of trust anchors that cannot be read is the first thing to go wrong. */
function endpointOf(target: HttpTarget, options: ConnectOptions): HttpEndpoint {
  try {
    return createHttpEndpoint(target, options)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw mcpErrors.BACKEND_UNREACHABLE({ backend: options.name, reason, ran: 'no' }, error)
  }
}

async function tryModern(
  endpoint: HttpEndpoint,
  options: ConnectOptions,
): Promise<BackendConnection | undefined> {
  const connection = openModernHttp(endpoint, UNKNOWN_SERVER, options)
  const timeoutMs = options.connectTimeoutMs
  const verdict = await probe((request) => connection.request(request), options, timeoutMs)
  switch (verdict.kind) {
    case 'modern':
      connection.server = verdict.server
      return connection
    case 'legacy':
      await connection.close()
      return undefined
    default:
      await connection.close()
      throw verdict.error
  }
}

/** An endpoint of 2024-11-05 does not know POST: it is asked for its event stream then (2025-03-26 transports). */
async function tryLegacy(
  endpoint: HttpEndpoint,
  options: ConnectOptions,
): Promise<BackendConnection> {
  try {
    return await connectLegacyHttp(endpoint, options)
  } catch (error) {
    if (!isAppError(error, 'MCP_BACKEND_HTTP') || !NO_POST.has(error.details['httpStatus'])) {
      throw error
    }
    const patience = Math.min(options.connectTimeoutMs, SSE_PATIENCE_MS)
    return connectSse(endpoint, { ...options, connectTimeoutMs: patience }).catch(() => {
      throw error
    })
  }
}

const NO_POST = new Set<unknown>([400, 404, 405])
/** A streamable server may accept the GET and never say anything. */
const SSE_PATIENCE_MS = 5000

function connectSse(endpoint: HttpEndpoint, options: ConnectOptions): Promise<BackendConnection> {
  return connectLegacyDuplex(openSsePipe(endpoint, options), options)
}
