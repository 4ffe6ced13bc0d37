import type { z } from 'zod'

/** Reports a mistake that concerns several fields at `path` below the checked block. */
export type Report = (path: PropertyKey[], reason: string, hint?: string) => void

/** A block that may still contain other mistakes: every field may be anything. */
export type Loose<Block> = { readonly [Key in keyof Block]?: unknown }

/** As far as it matters here. */
interface Issue {
  readonly code?: string
  readonly path?: PropertyKey[] | undefined
  readonly [rest: string]: unknown
}

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
      check(payload: { value: unknown; issues: Issue[] }) {
        const { value, issues } = payload
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return
        check(value, (path, reason, hint) => {
          // It says more than the bounds of that field alone.
          const same = issues.findIndex((issue) => isBound(issue.code) && isSame(issue.path, path))
          if (same >= 0) issues.splice(same, 1)
          issues.push({ code: 'custom', path, input: value, message: reason, params: { hint } })
        })
      },
    },
  })
}

function isBound(code: string | undefined): boolean {
  return code === 'too_small' || code === 'too_big'
}

function isSame(one: readonly PropertyKey[] = [], other: readonly PropertyKey[]): boolean {
  return one.length === other.length && one.every((part, place) => part === other[place])
}
