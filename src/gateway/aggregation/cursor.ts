import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** Where a page ended: which list, and the key of its last item. */
export interface CursorPosition {
  readonly method: string
  /** Key of the last item delivered, or `keyHash` of it. */
  readonly after: string
}

/** Makes and reads the opaque `cursor` of lists: signed, so that a client can only give back what it was given. */
export interface CursorCodec {
  encode(position: CursorPosition): string
  /** Undefined for anything we did not make. */
  decode(cursor: unknown): CursorPosition | undefined
}

const MAX_LENGTH = 512
const SEAL_LENGTH = 16
/** Longer keys travel as their hash, so that a cursor stays within its size. */
const MAX_KEY_LENGTH = 200

export function createCursorCodec(key: Buffer): CursorCodec {
  const seal = (body: string) =>
    createHmac('sha256', key).update(body).digest('base64url').slice(0, SEAL_LENGTH)
  return {
    encode({ method, after }) {
      const body = Buffer.from(JSON.stringify([method, shortKey(after)])).toString('base64url')
      return `${body}.${seal(body)}`
    },
    decode(cursor) {
      if (typeof cursor !== 'string' || cursor.length > MAX_LENGTH) return undefined
      const [body, given, rest] = cursor.split('.')
      if (body === undefined || given?.length !== SEAL_LENGTH || rest !== undefined)
        return undefined
      if (
        !timingSafeEqual(
          Buffer.from(seal(body)),
          Buffer.from(given.padEnd(SEAL_LENGTH)).subarray(0, SEAL_LENGTH),
        )
      )
        return undefined
      const parsed: unknown = JSON.parse(Buffer.from(body, 'base64url').toString())
      if (!Array.isArray(parsed)) return undefined
      return { method: String(parsed[0]), after: String(parsed[1]) }
    },
  }
}

/** How a key stands in a cursor. */
export function shortKey(key: string): string {
  return key.length <= MAX_KEY_LENGTH
    ? key
    : `#${createHash('sha256').update(key).digest('base64url')}`
}
