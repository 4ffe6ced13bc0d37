import type { Report } from '../schema/cross-check.ts'

/** Checks one value of the output of a composite tool. */
export function checkOutputProperty(
  block: Readonly<Record<string, unknown>>,
  report: Report,
): void {
  const both = block['value'] !== undefined && block['properties'] !== undefined
  const none = block['value'] === undefined && block['properties'] === undefined
  if (both) report([], 'has both `value` and `properties`', 'keep one')
  if (none)
    report([], block['type'] === 'object' ? 'needs `value` or `properties`' : 'needs `value`')
  if (block['properties'] !== undefined && block['type'] !== 'object') {
    report(['properties'], 'goes only with the type object')
  }
  if (block['default'] !== undefined && !fits(block['default'], block['type'])) {
    report(['default'], `is not of the type ${String(block['type'])}`)
  }
}

/** How deep values are nested in an output block. */
export function depthOf(value: unknown): number {
  if (!isMap(value) || !isMap(value['properties'])) return 0
  return 1 + Math.max(0, ...Object.values(value['properties']).map(depthOf))
}

function fits(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string'
    case 'integer':
      return Number.isInteger(value)
    case 'number':
    case 'boolean':
      return typeof value === type
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isMap(value)
    default:
      return true
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
