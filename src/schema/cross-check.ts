import type { z } from 'zod'

/** Reports a mistake that concerns several fields at `path` below the checked block. */
export type Report = (path: PropertyKey[], reason: string, hint?: string) => void

/** A block that may still contain other mistakes: every field may be anything. */
export type Loose<Block> = { readonly [Key in keyof Block]?: unknown }

/**
 * A check over several fields of one block that runs even when single fields are wrong, so that one run names every
 * mistake. It gets the block with unchecked fields, hence `Loose`.
 */
export function crossCheck<Schema extends z.ZodType>(
  schema: Schema,
  check: (block: Loose<z.output<Schema>>, report: Report) => void,
): Schema {
  return schema.check({
    _zod: {
      def: { check: 'custom', when: () => true },
      onattach: [],
      check(payload: { value: unknown; issues: unknown[] }) {
        const { value, issues } = payload
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return
        check(value, (path, reason, hint) => {
          issues.push({ code: 'custom', path, input: value, message: reason, params: { hint } })
        })
      },
    },
  })
}
