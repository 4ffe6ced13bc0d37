import type { IncomingHttpHeaders } from 'node:http'
import type { AppError } from '../base/errors.ts'
import { mcpErrors } from './errors.ts'

export interface HostRules {
  /** Host names (with a port: that port only) under which the edge may be addressed; `*` allows all. Default: loopback. */
  readonly allowedHosts?: readonly string[] | undefined
  /** Origins (`https://app.example`) whose pages may call; `*` allows all. Default: pages from loopback. */
  readonly allowedOrigins?: readonly string[] | undefined
}

/** Returns what is wrong with Host or Origin. */
export type HostGuard = (headers: IncomingHttpHeaders) => AppError | undefined

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/**
 * Guards against DNS rebinding (2025-11-25 transports, "Security warning"): returns what is wrong with Host or Origin,
 * answered by 403. A request without Origin does not come from a page.
 */
export function createHostGuard(rules: HostRules): HostGuard {
  const hosts = new Set((rules.allowedHosts ?? LOOPBACK).map((host) => host.toLowerCase()))
  const origins = rules.allowedOrigins && new Set(rules.allowedOrigins.map((o) => o.toLowerCase()))
  // Requests name the same host again and again.
  let lastAllowed: string | undefined
  return ({ host, origin }) => {
    if (host === undefined || host !== lastAllowed) {
      if (!hosts.has('*') && !isAllowedHost(host, hosts)) {
        return mcpErrors.HOST_NOT_ALLOWED({ host: host ?? '' })
      }
      lastAllowed = host
    }
    if (origin === undefined) return undefined
    const isAllowed = origins
      ? origins.has('*') || origins.has(origin.toLowerCase())
      : isLoopbackOrigin(origin)
    return isAllowed ? undefined : mcpErrors.ORIGIN_NOT_ALLOWED({ origin })
  }
}

function isAllowedHost(host: string | undefined, hosts: ReadonlySet<string>): boolean {
  if (host === undefined) return false
  const given = host.toLowerCase()
  return hosts.has(given) || hosts.has(given.replace(/:\d+$/, ''))
}

function isLoopbackOrigin(origin: string): boolean {
  try {
    return LOOPBACK.includes(new URL(origin).hostname)
  } catch {
    return false
  }
}
