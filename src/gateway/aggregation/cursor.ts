import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Json } from '../../base/json.ts'
import { compareText } from './order.ts'

/** Where a page ended: which list, and the key of its last item. */
export interface CursorPosition {
  readonly method: string
  /** Key of the last item delivered, or its beginning if it is too long for a cursor. */
  readonly after: string
  /** `keyHash` of the whole key, if `after` is only its beginning. */
  readonly hash?: string
}

/** Makes and reads the opaque `cursor` of lists: signed, so that a client can only give back what it was given. */
export interface CursorCodec {
  /** At most 512 characters. */
  encode(method: string, lastKey: string): string
  /** Undefined for anything we did not make. */
  decode(cursor: Json | undefined): CursorPosition | undefined
}

const MAX_LENGTH = 512
const SEAL_LENGTH = 16
const MAX_BODY_LENGTH = MAX_LENGTH - SEAL_LENGTH - 1
/** Beginning of a key that goes into a cursor with its hash: fits in any case, six bytes per character. */
const BEGINNING_LENGTH = 40

/** `key`: at least 32 random bytes, the same for all replicas that serve one client. */
export function createCursorCodec(key: Buffer): CursorCodec {
  // The label keeps cursors apart from whatever else is signed with the same key.
  const seal = (body: string) =>
    createHmac('sha256', key).update(`cursor ${body}`).digest('base64url').slice(0, SEAL_LENGTH)
  return {
    encode(method, lastKey) {
      let body = toBody([method, lastKey])
      if (body.length > MAX_BODY_LENGTH) {
        body = toBody([method, lastKey.slice(0, BEGINNING_LENGTH), keyHash(lastKey)])
      }
      return `${body}.${seal(body)}`
    },
    decode(cursor) {
      if (typeof cursor !== 'string' || cursor.length > MAX_LENGTH) return undefined
      const dot = cursor.indexOf('.')
      if (dot < 0) return undefined
      const body = cursor.slice(0, dot)
      const given = Buffer.from(cursor.slice(dot + 1))
      const wanted = Buffer.from(seal(body))
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined
      const [method, after, hash] = JSON.parse(
        Buffer.from(body, 'base64url').toString(),
      ) as string[]
      if (method === undefined || after === undefined) return undefined
      return { method, after, ...(hash === undefined ? {} : { hash }) }
    },
  }
}

/**
 * Index of the first item behind a position in a list sorted by `compareText`. If the list changed meanwhile nothing is
 * left out; only where a very long key has gone may some items come a second time.
 */
export function indexAfter(sortedKeys: readonly string[], position: CursorPosition): number {
  const { after, hash } = position
  if (hash !== undefined) {
    const index = sortedKeys.findIndex((key) => key.startsWith(after) && keyHash(key) === hash)
    if (index >= 0) return index + 1
  }
  const index = sortedKeys.findIndex((key) => compareText(key, after) > 0)
  return index < 0 ? sortedKeys.length : index
}

function toBody(parts: string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

function keyHash(key: string): string {
  return createHash('sha256').update(JSON.stringify(key)).digest('base64url')
}
