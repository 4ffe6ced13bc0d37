import { createHmac } from 'node:crypto'
import type { PSKCallbackNegotation, TLSSocket } from 'node:tls'
import { deriveKey } from '../derive-key.ts'

/** A key that both ends of the link know, and what it is called there. */
export interface LinkKey {
  /** Tells nothing of the key but whether another is the same. */
  readonly name: string
  readonly key: Buffer
}

/** The first is for what we send; all of them are good for what comes. */
export type LinkKeys = readonly [LinkKey, ...LinkKey[]]

export function linkKey(secret: Buffer): LinkKey {
  const key = deriveKey(secret, 'link')
  const digest = createHmac('sha256', key).update('thv cluster key check').digest('base64url')
  return { name: digest.slice(0, 22), key }
}

/**
 * TLS with a key that both know in place of certificates (RFC 5489 with the cipher of RFC 7905): who answers has the key as well, what
 * is answered cannot be read, changed or played again, and a key that is found later opens nothing of before. In TLS 1.3 Node
 * offers no such keys.
 */
const TLS_BY_KEY = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const

/** For a server that talks to whoever has one of the keys. */
export function tlsServerByKey(keys: LinkKeys) {
  return {
    ...TLS_BY_KEY,
    pskCallback: (_: TLSSocket, name: string): Buffer | null =>
      keys.find((each) => each.name === name)?.key ?? null,
  }
}

/** For a client that shows the first key. */
export function tlsClientByKey([{ name, key }]: LinkKeys) {
  return {
    ...TLS_BY_KEY,
    pskCallback: (): PSKCallbackNegotation => ({ psk: key, identity: name }),
    // There are no certificates to compare with.
    checkServerIdentity: () => undefined,
    maxCachedSessions: 0,
  }
}
