import { readFileSync } from 'node:fs'
import { clusterErrors } from './errors.ts'

/** Certificates of this replica, for both ends of the link. */
export interface LinkTls {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/** Reads the files of `cluster.tls`. Throws CLUSTER_NO_TLS. */
export function readLinkTls(paths: { certPath: string; keyPath: string; caPath: string }): LinkTls {
  return { cert: read(paths.certPath), key: read(paths.keyPath), ca: read(paths.caPath) }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw clusterErrors.NO_TLS({ path, reason: (error as Error).message }, error)
  }
}
