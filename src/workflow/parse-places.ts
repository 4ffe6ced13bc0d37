import type { Finding } from '../schema/finding.ts'
import { referencesOf, type Reference } from '../template/references.ts'
import { tryParseTemplate } from '../template/template.ts'
import type { TemplatePlace } from './template-places.ts'

/** A template that could be parsed, with what it reads. */
export interface ParsedPlace extends TemplatePlace {
  readonly references: readonly Reference[]
}

/** Parses templates; those that cannot be are mistakes. */
export function parsePlaces(places: readonly TemplatePlace[]): {
  parsed: ParsedPlace[]
  findings: Finding[]
} {
  const parsed: ParsedPlace[] = []
  const findings: Finding[] = []
  for (const place of places) {
    const result = tryParseTemplate(place.source)
    if (result.ok) parsed.push({ ...place, references: referencesOf(result.template) })
    else findings.push(notATemplate(place, result))
  }
  return { parsed, findings }
}

/** Where in the file's text a line and column of the template is. */
export function offsetIn(
  { source, shift }: TemplatePlace,
  { line, column }: { readonly line: number; readonly column: number },
): number {
  const before = source.split('\n').slice(0, line - 1)
  const start = before.reduce((sum, each) => sum + each.length + 1, 0)
  return Math.max(0, start + column - 1 - shift)
}

function notATemplate(
  place: TemplatePlace,
  mistake: { readonly line: number; readonly column: number; readonly reason: string },
): Finding {
  const odd = /\.steps\.(\w+(?:-\w+)+)/.exec(place.source)?.[1]
  const hint = odd === undefined ? {} : { hint: `write (index .steps "${odd}") for that step` }
  const reason = `is not a template: ${mistake.reason}`
  return { path: place.path, offset: offsetIn(place, mistake), reason, ...hint }
}
