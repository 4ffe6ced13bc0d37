import { readFileSync } from 'node:fs'
import { getCACertificates } from 'node:tls'
import Pool from 'undici/lib/dispatcher/pool.js'
import type { Dispatcher } from 'undici'
import type { CallDispatcher } from './http-call.ts'
import { LeanPool } from './lean/lean-pool.ts'
import { guardedLookup } from './outside-url.ts'

/** Who may use an origin's pool: TLS anchors and guard are part of the identity of a connection. */
export interface OutboundTarget {
  /** Scheme, host and port, as `URL.origin` gives them. */
  readonly origin: string
  /** PEM file with trust anchors in addition to the usual ones. */
  readonly caBundlePath?: string
  /** The URL came from outside (metadata, redirects of strangers): refuse private addresses while connecting. */
  readonly outside?: boolean
}

/** Connections to other servers, pooled per origin. */
export interface Outbound {
  /** For requests that end soon: at most `maxConnections` at a time, the rest wait in line. */
  calls(target: OutboundTarget): CallDispatcher
  /** For streams without end and for answers that somebody waits for: never waits in line. */
  streams(target: OutboundTarget): Dispatcher
  /** Ends all connections, open streams included. */
  close(): Promise<void>
}

export interface OutboundOptions {
  /** Time for DNS, TCP and TLS together, milliseconds. */
  connectTimeoutMs?: number
  /** Per origin. */
  maxConnections?: number
}

const DEFAULTS = { connectTimeoutMs: 10_000, maxConnections: 1_024 }

/** undici's own time-outs are off: whoever sends a request knows how long it may take. */
export function createOutbound(options: OutboundOptions = {}): Outbound {
  const { connectTimeoutMs, maxConnections } = { ...DEFAULTS, ...options }
  const pools = new Map<string, Pool>()
  const leanPools = new Map<string, LeanPool>()

  /** Plain HTTP goes the short way (docs/decisions/016); TLS and guarded addresses are undici's. */
  function calls(target: OutboundTarget): CallDispatcher {
    const { origin } = target
    if (target.outside || !origin.startsWith('http:')) {
      const found = pool(target, maxConnections)
      return {
        dispatch: (call, handler) =>
          found.dispatch({ ...call, headers: call.headers as string[] }, handler),
      }
    }
    let found = leanPools.get(origin)
    if (found === undefined) {
      found = new LeanPool({ origin, connectTimeoutMs, maxConnections })
      leanPools.set(origin, found)
    }
    return found
  }

  function pool(target: OutboundTarget, connections: number | null): Dispatcher {
    const key = `${connections === null ? 'streams' : 'calls'} ${target.outside ? 'outside' : ''} ${target.origin} ${target.caBundlePath ?? ''}`
    let found = pools.get(key)
    if (found === undefined) {
      found = new Pool(target.origin, {
        connections,
        pipelining: 1,
        headersTimeout: 0,
        bodyTimeout: 0,
        allowH2: false,
        connect: {
          timeout: connectTimeoutMs,
          ...(target.caBundlePath === undefined ? {} : { ca: trustAnchors(target.caBundlePath) }),
          ...(target.outside ? { lookup: guardedLookup } : {}),
        },
      })
      pools.set(key, found)
    }
    return found
  }

  return {
    calls,
    streams: (target) => pool(target, null),
    async close() {
      const all = [...pools.values(), ...leanPools.values()]
      pools.clear()
      leanPools.clear()
      await Promise.all(all.map((each) => each.destroy()))
    },
  }
}

function trustAnchors(caBundlePath: string): string[] {
  return [...getCACertificates('default'), readFileSync(caBundlePath, 'utf8')]
}
