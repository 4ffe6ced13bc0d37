/** A composite tool whose fields may be anything. */
export type LooseMap = Readonly<Record<string, unknown>>

/** A text of a composite tool that is a template. */
export interface TemplatePlace {
  /** Below the composite tool. */
  readonly path: readonly PropertyKey[]
  readonly source: string
  /** How much stands in front of the source that is not in the file. */
  readonly shift: number
  readonly role: 'condition' | 'argument' | 'message' | 'collection' | 'output'
  /** The position of the step it belongs to; undefined in the output. */
  readonly step: number | undefined
  /** What an item is called, for templates inside of a loop. */
  readonly itemVar: string | undefined
}

const MAX_DEPTH = 100

/** Every template of a composite tool, in the order of the file. */
export function templatePlaces(tool: LooseMap): TemplatePlace[] {
  const steps = listOf(tool['steps'])
  return [
    ...steps.flatMap((step, index) => (isMap(step) ? placesOfStep(step, index) : [])),
    ...placesOfOutput(tool['output'], ['output'], 0),
  ]
}

/** A collection may be a bare reference: `.steps.list.output.items` is `{{.steps.list.output.items}}`. */
export function collectionSource(written: string): { source: string; shift: number } {
  const isBare = /^\s*\$?(\.\w+)+\s*$/.test(written)
  return isBare ? { source: `{{${written}}}`, shift: 2 } : { source: written, shift: 0 }
}

/** True for a map. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The items of a list; none for everything else. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function placesOfStep(step: LooseMap, index: number): TemplatePlace[] {
  const base = { step: index, itemVar: undefined }
  const path = ['steps', index]
  const inner = step['step']
  const { itemVar } = step
  const loop = typeof itemVar === 'string' && itemVar !== '' ? itemVar : 'item'
  return [
    ...textAt(step, 'condition', path, { ...base, role: 'condition' }),
    ...textAt(step, 'message', path, { ...base, role: 'message' }),
    ...textAt(step, 'collection', path, { ...base, role: 'collection' }),
    ...textsIn(step['arguments'], [...path, 'arguments'], { ...base, role: 'argument' }, 0),
    ...(isMap(inner)
      ? placesOfInner(inner, [...path, 'step'], { step: index, itemVar: loop })
      : []),
  ]
}

function placesOfInner(
  inner: LooseMap,
  path: PropertyKey[],
  base: Pick<TemplatePlace, 'step' | 'itemVar'>,
): TemplatePlace[] {
  return [
    ...textAt(inner, 'condition', path, { ...base, role: 'condition' }),
    ...textsIn(inner['arguments'], [...path, 'arguments'], { ...base, role: 'argument' }, 0),
  ]
}

type Kind = Pick<TemplatePlace, 'role' | 'step' | 'itemVar'>

function textAt(map: LooseMap, key: string, path: PropertyKey[], kind: Kind): TemplatePlace[] {
  const written = map[key]
  if (typeof written !== 'string') return []
  const read =
    kind.role === 'collection' ? collectionSource(written) : { source: written, shift: 0 }
  return [{ ...kind, ...read, path: [...path, key] }]
}

function textsIn(value: unknown, path: PropertyKey[], kind: Kind, depth: number): TemplatePlace[] {
  if (depth > MAX_DEPTH) return []
  if (typeof value === 'string') return [{ ...kind, path, source: value, shift: 0 }]
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => textsIn(item, [...path, index], kind, depth + 1))
  }
  if (!isMap(value)) return []
  return Object.entries(value).flatMap(([key, child]) =>
    textsIn(child, [...path, key], kind, depth + 1),
  )
}

function placesOfOutput(output: unknown, path: PropertyKey[], depth: number): TemplatePlace[] {
  if (!isMap(output) || !isMap(output['properties']) || depth > MAX_DEPTH) return []
  const kind = { role: 'output', step: undefined, itemVar: undefined } as const
  return Object.entries(output['properties']).flatMap(([name, property]) => {
    const below = [...path, 'properties', name]
    if (!isMap(property)) return []
    return [
      ...textAt(property, 'value', below, kind),
      ...placesOfOutput(property, below, depth + 1),
    ]
  })
}
