import { createHostGuard } from '../../mcp/host-guard.ts'
import { isLoopbackHost, loopbackNames } from './loopback.ts'
import type { OpsGuard } from './ops-routes.ts'

/**
 * Against DNS rebinding on the endpoints for operators. On loopback only its names and those listed are answered;
 * elsewhere scrapers come by address, whatever clients of MCP may use.
 */
export function createOpsGuard(
  host: string,
  rules: { readonly allowedHosts: readonly string[]; readonly allowedOrigins: readonly string[] },
): OpsGuard {
  const { allowedHosts, allowedOrigins } = rules
  return createHostGuard({
    allowedHosts: isLoopbackHost(host) ? [...loopbackNames(host), ...allowedHosts] : ['*'],
    allowedOrigins: allowedOrigins.length > 0 ? allowedOrigins : undefined,
  })
}
