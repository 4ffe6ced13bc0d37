import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Encrypts what is secret in the store: AES-256-GCM under a key that only the configuration has. */
export interface Sealer {
  /** `place`: the key in the store; the text is of no use under another one. */
  seal(plain: string, place: string): string
  /** Undefined if it was sealed by another key, for another place, or was changed. */
  open(sealed: string, place: string): string | undefined
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** `secret`: the key of the fleet as configured. */
export function createSealer(secret: Buffer): Sealer {
  const key = deriveKey(secret, 'store')
  return {
    seal(plain, place) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      cipher.setAAD(Buffer.from(place))
      const text = [nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return Buffer.concat(text).toString('base64url')
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES))
      decipher.setAAD(Buffer.from(place))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      try {
        const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
        return Buffer.concat([text, decipher.final()]).toString('utf8')
      } catch {
        return undefined
      }
    },
  }
}

/** A key of 32 bytes for one purpose, from a secret of any length. */
export function deriveKey(secret: Buffer, purpose: 'store' | 'link'): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `thv cluster ${purpose}`, 32))
}
