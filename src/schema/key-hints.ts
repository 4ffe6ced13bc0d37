import { z } from 'zod'

/** Keys that people know from elsewhere, and what to do instead: `{ password: 'set REDIS_PASSWORD' }`. */
export type KeyHints = Readonly<Record<string, string>>

const hints = z.registry<{ readonly keys: KeyHints }>()

/** A map that says what to do about keys it does not have. They are in no generated reference. */
export function withKeyHints<Schema extends z.ZodType>(schema: Schema, keys: KeyHints): Schema {
  hints.add(schema, { keys })
  return schema
}

/** What to do instead of `key`; undefined: nothing is known about it. */
export function keyHint(schema: z.core.$ZodType | undefined, key: string): string | undefined {
  const keys = schema && hints.get(schema)?.keys
  return keys !== undefined && Object.hasOwn(keys, key) ? keys[key] : undefined
}
