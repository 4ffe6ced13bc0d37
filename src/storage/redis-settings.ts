/** One end of a TCP connection. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Where the data is: on one server, on the master that sentinels name, or on the nodes of a Cluster. */
export type RedisTopology =
  | { readonly kind: 'standalone'; readonly address: HostPort }
  | {
      readonly kind: 'sentinel'
      readonly masterName: string
      readonly addresses: readonly HostPort[]
      readonly username?: string
      readonly password?: string
      readonly tls?: RedisTls
    }
  | { readonly kind: 'cluster'; readonly addresses: readonly HostPort[] }

/** PEM texts, not file names. */
export interface RedisTls {
  /** Absent: the trust anchors of the system. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** Name expected in the certificate; absent: the host. */
  readonly serverName?: string
  readonly insecureSkipVerify: boolean
}

/** A Redis to connect to, with everything that was in files and in the environment read. */
export interface RedisSettings {
  readonly topology: RedisTopology
  readonly db: number
  /** ACL user; absent: the default user. */
  readonly username?: string
  readonly password?: string
  readonly tls?: RedisTls
  /** Longest time to connect, to wait for an answer, to send. */
  readonly timeouts: { readonly dialMs: number; readonly readMs: number; readonly writeMs: number }
}

/** `host:port` of all servers named, for messages. */
export function describeRedis({ topology }: Pick<RedisSettings, 'topology'>): string {
  return topology.kind === 'standalone'
    ? renderAddress(topology.address)
    : topology.addresses.map(renderAddress).join(', ')
}

/** `host:port`, an IPv6 address in brackets. */
export function renderAddress({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
