import { defineErrors } from '../base/errors.ts'

export const clusterErrors = defineErrors('CLUSTER', {
  NO_KEY: {
    fault: 'caller',
    status: 400,
    message: (d: { source: string; reason: string }) =>
      `Cannot use the key of the fleet from ${d.source}: ${d.reason}`,
    hint: () => 'Make one with `openssl rand -hex 32`, the same for all replicas',
  },
  CANNOT_LISTEN: {
    fault: 'environment',
    status: 500,
    message: (d: { host: string; port: number; reason: string }) =>
      `Cannot listen for other replicas on ${d.host}:${d.port}: ${d.reason}`,
    hint: () => 'Set cluster.host and cluster.port, or cluster.enabled: false',
  },
  NO_TLS: {
    fault: 'caller',
    status: 400,
    message: (d: { path: string; reason: string }) =>
      `Cannot use "${d.path}" of cluster.tls: ${d.reason}`,
  },
  OTHER_KEY: {
    fault: 'caller',
    status: 400,
    message: (d: { replica: string; url: string; keyPrefix: string }) =>
      `Cannot join the replicas under "${d.keyPrefix}" in the store: ${d.replica} at ${d.url} has another key of the fleet`,
    hint: () =>
      'Give all replicas the same THV_CLUSTER_KEY (or cluster.keyFile). To change it give both keys, "old,new", then "new,old", then "new"; to introduce one stop all replicas first. Another fleet needs another sessionStorage.keyPrefix',
  },
  /** `sent`: the other replica may have acted. `refused`: nobody listens there. `denied`: who does has another key. */
  LINK: {
    fault: 'environment',
    status: 502,
    message: (d: {
      replica: string
      reason: string
      sent: boolean
      refused: boolean
      denied: boolean
    }) => `Cannot reach replica ${d.replica}: ${d.reason}`,
    hint: () => 'Check cluster.advertise and that replicas may connect to each other',
  },
  NOT_OWNER: {
    fault: 'environment',
    status: 409,
    message: (d: { replica: string; backend: string }) =>
      `Replica ${d.replica} has no connection to backend "${d.backend}" for this client`,
  },
  /** It may come back, so nobody takes over what lives there yet. */
  SILENT: {
    fault: 'environment',
    status: 503,
    message: (d: { replica: string; backend: string; ran: 'no'; retryAfterMs: number }) =>
      `Replica ${d.replica}, where backend "${d.backend}" runs for this client, does not answer`,
    hint: () => 'Try again: it comes back, or another replica takes its place',
  },
  /** It begins nothing any more, and no other could be asked to. */
  LEAVING: {
    fault: 'environment',
    status: 503,
    message: (d: { backend: string; ran: 'no'; retryAfterMs: number }) =>
      `This replica is shutting down, and no other can begin backend "${d.backend}" for this client now`,
    hint: () => 'Try again: through another replica',
  },
  /** The client may try again: another replica may have the session, and this one finds it when the store is back. */
  SESSION_UNKNOWN: {
    fault: 'environment',
    status: 503,
    message: (d: { backend: string; reason: string; ran: 'no'; retryAfterMs: number }) =>
      `Cannot find out which session of backend "${d.backend}" is this client's: ${d.reason}`,
    hint: () => 'Try again: another replica may have it, and all of them when the store is back',
  },
  /** This replica stood still, and the store cannot say what is still its own. */
  IN_DOUBT: {
    fault: 'environment',
    status: 503,
    message: (_: { ran: 'no'; retryAfterMs: number }) =>
      'Cannot tell whether another replica has taken over what lives here: the store is away',
    hint: () => 'Try again',
  },
})
