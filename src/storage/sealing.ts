import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** 32 bytes and the id that stands beside what they sealed; several keys may have the same. */
export interface SealingKey {
  readonly id: string
  readonly key: Buffer
}

/** Makes text unreadable, and unchangeable, for whoever has the store and not the key. */
export interface Sealer {
  /** `place` is where the text will be stored (the key of its entry): it opens only there. */
  seal(text: string, place: string): string
  /**
   * Undefined if it was sealed by a key we do not have, for another place, or was changed. `stale`: not sealed by the first
   * key; sealing it again lets the old key go.
   */
  open(
    sealed: string,
    place: string,
  ): { readonly text: string; readonly stale: boolean } | undefined
}

const FORMAT = 's1'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Seals by AES-256-GCM with the first key; opens with any. The result is `s1.<id of the key>.<base64url of nonce, text, tag>`.
 * Nonces are random: a key is good for some 2³² sealings (NIST SP 800-38D, 8.3).
 */
export function createSealer(keys: readonly [SealingKey, ...SealingKey[]]): Sealer {
  const [first] = keys

  return {
    seal(text, place) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', first.key, nonce)
      cipher.setAAD(boundTo(first.id, place))
      const body = Buffer.concat([
        nonce,
        cipher.update(text, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ])
      return `${FORMAT}.${first.id}.${body.toString('base64url')}`
    },

    open(sealed, place) {
      const [format, id = '', encoded = '', ...rest] = sealed.split('.')
      const body = Buffer.from(encoded, 'base64url')
      if (format !== FORMAT || rest.length > 0) return undefined
      // Other spellings of the same bytes were not made by us.
      if (body.length < NONCE_BYTES + TAG_BYTES || body.toString('base64url') !== encoded)
        return undefined
      for (const each of keys) {
        const text = each.id === id ? opened(each, body, place) : undefined
        if (text !== undefined) return { text, stale: each !== first }
      }
      return undefined
    },
  }
}

function opened({ id, key }: SealingKey, body: Buffer, place: string): string | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, NONCE_BYTES))
  decipher.setAAD(boundTo(id, place))
  decipher.setAuthTag(body.subarray(-TAG_BYTES))
  try {
    const text = Buffer.concat([
      decipher.update(body.subarray(NONCE_BYTES, -TAG_BYTES)),
      decipher.final(),
    ])
    return text.toString('utf8')
  } catch {
    return undefined
  }
}

/** Reads 32 bytes written in base64, base64url or hexadecimal. Undefined: it is no key. */
export function parseSealingKey(text: string): Buffer | undefined {
  const trimmed = text.trim()
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex')
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) return undefined
  const key = Buffer.from(trimmed, 'base64')
  return key.length === 32 ? key : undefined
}

function boundTo(id: string, place: string): Buffer {
  return Buffer.from(`${FORMAT}.${id}.${place}`)
}
