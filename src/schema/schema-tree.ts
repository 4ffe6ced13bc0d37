import { z } from 'zod'

/** The schema without defaults, optionality and transforms around it. */
export function bareSchema(schema: z.core.$ZodType): z.core.$ZodType {
  let current = schema
  for (;;) {
    const def = current._zod.def as {
      innerType?: z.core.$ZodType
      in?: z.core.$ZodType
      out?: z.core.$ZodType
      getter?: () => z.core.$ZodType
    }
    const next = def.innerType ?? inputOf(def) ?? def.getter?.()
    if (!next) return current
    current = next
  }
}

/** A preprocess step is a pipe out of a transform: there the right side says what the input looks like. */
function inputOf(def: {
  in?: z.core.$ZodType
  out?: z.core.$ZodType
}): z.core.$ZodType | undefined {
  return def.in?._zod.def.type === 'transform' ? def.out : def.in
}

/** The schema of the value at `path`, undefined where the schema knows nothing. */
export function schemaAt(
  schema: z.core.$ZodType,
  path: readonly PropertyKey[],
): z.core.$ZodType | undefined {
  let current = bareSchema(schema)
  for (const part of path) {
    const next = childSchema(current, part)
    if (!next) return undefined
    current = bareSchema(next)
  }
  return current
}

/** The fields a map at `path` may have; empty where any key is allowed. */
export function fieldsAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const found = schemaAt(schema, path)
  return found instanceof z.ZodObject ? Object.keys(found.shape) : []
}

/** Every place a field of this name may stand, as paths of field names without list positions. */
export function placesOf(schema: z.core.$ZodType, field: string): string[][] {
  const places: string[][] = []
  const walk = (node: z.core.$ZodType, path: string[], above: readonly z.core.$ZodType[]): void => {
    const bare = bareSchema(node)
    if (above.includes(bare) || path.length > 8) return
    const inside = [...above, bare]
    if (bare instanceof z.ZodObject) {
      for (const [name, child] of Object.entries(bare.shape)) {
        if (name === field) places.push([...path, name])
        walk(child as z.core.$ZodType, [...path, name], inside)
      }
    } else if (bare instanceof z.ZodArray) {
      walk(bare.element, path, inside)
    } else if (bare instanceof z.ZodRecord) {
      walk(bare.valueType, [...path, '<name>'], inside)
    }
  }
  walk(schema, [], [])
  return places
}

function childSchema(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) {
    return Object.hasOwn(schema.shape, part) ? schema.shape[String(part)] : undefined
  }
  if (schema instanceof z.ZodArray) return schema.element
  return schema instanceof z.ZodRecord ? schema.valueType : undefined
}
