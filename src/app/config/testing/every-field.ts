import { z } from 'zod'
import { bareSchema } from '../../../schema/schema-tree.ts'

/** The paths of all fields of a schema; `[]` is an item of a list, `<name>` a free key. */
export function everyField(schema: z.core.$ZodType): string[][] {
  const paths: string[][] = []
  const walk = (node: z.core.$ZodType, path: string[], above: z.core.$ZodType[]): void => {
    const bare = bareSchema(node)
    if (above.includes(bare)) return
    const inside = [...above, bare]
    if (bare instanceof z.ZodObject) {
      for (const [name, child] of Object.entries(bare.shape)) {
        paths.push([...path, name])
        walk(child as z.core.$ZodType, [...path, name], inside)
      }
    } else if (bare instanceof z.ZodArray) {
      walk(bare.element, [...path, '[]'], inside)
    } else if (bare instanceof z.ZodRecord) {
      walk(bare.valueType, [...path, '<name>'], inside)
    }
  }
  walk(schema, [], [])
  return paths
}
