import { randomBytes, randomUUID } from 'node:crypto'

/** Makes a new id on each call. */
export type NewId = () => string

/** A random UUID, version 4: session ids, audit ids. */
export const newUuid: NewId = () => randomUUID()

/** Random bytes as lower-case hexadecimal: trace and span ids. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
