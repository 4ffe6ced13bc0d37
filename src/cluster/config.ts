import { z } from 'zod'
import { crossCheck } from '../schema/cross-check.ts'
import { count, httpUrl, text } from '../schema/fields.ts'

/** The environment variable with the shared key, where the file names no other. */
export const DEFAULT_KEY_ENV = 'THV_CLUSTER_KEY'

const tls = z.strictObject({
  certPath: text('PEM file with the certificate of this replica; for servers and clients'),
  keyPath: text('PEM file with its key'),
  caPath: text('PEM file with the CA that signs the certificates of all replicas'),
})

const fields = z.strictObject({
  enabled: z
    .boolean()
    .meta({ description: 'false: this gateway shares nothing with others' })
    .default(true),
  host: text('Address the link listens on; default 0.0.0.0, or loopback if MCP does').optional(),
  port: count('Port of the link; 0 = any free one', 0, 65_535).default(0),
  advertise: httpUrl(
    'How the others reach the link; default: POD_IP or the host name, with the port',
  ).optional(),
  keyEnv: text(
    'Environment variable with the key of the fleet, 32 characters or more; the same everywhere. Several with commas between them: the first is used, all are accepted',
  ).default(DEFAULT_KEY_ENV),
  keyFile: text('File with that key, or keys in lines of their own, instead').optional(),
  tls: tls
    .meta({ description: 'Mutual TLS between replicas, in place of TLS by the key of the fleet' })
    .optional(),
})

/** `cluster`: how the replicas of a gateway find and trust each other. */
export const cluster = crossCheck(fields, (block, report) => {
  const { advertise, tls: encrypted } = block
  if (typeof advertise !== 'string') return
  const scheme = encrypted === undefined ? 'http:' : 'https:'
  if (!advertise.startsWith(scheme)) {
    report(['advertise'], `must be a ${scheme}// address ${encrypted ? 'with' : 'without'} \`tls\``)
  }
})

/** `cluster`, checked, with defaults. */
export type ClusterConfig = z.output<typeof cluster>
