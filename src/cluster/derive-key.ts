import { hkdfSync } from 'node:crypto'

/** A key of 32 bytes for one purpose, from a secret of any length. */
export function deriveKey(secret: Buffer, purpose: 'store' | 'link'): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `thv cluster ${purpose}`, 32))
}
