import { templateErrors } from './errors.ts'
import { compile } from './evaluate/compile.ts'
import type { Program } from './evaluate/program.ts'
import type { ListNode } from './syntax/nodes.ts'
import { parse } from './syntax/parser.ts'
import { type Position, positionAt } from './syntax/position.ts'
import { SyntaxMistake } from './syntax/token-reader.ts'

/** A template that was read: what `renderTemplate` and the others take. Keep it, reading costs more than rendering. */
export interface Template {
  readonly source: string
  readonly root: ListNode
  /** What `{{define}}` and `{{block}}` define, by name. */
  readonly definitions: ReadonlyMap<string, ListNode>
  /** The closures that rendering calls; made when first asked for. */
  readonly program: () => Program
}

/**
 * Reads a template in the language of Go's text/template. Throws TEMPLATE_SYNTAX with the place in its details (1-based line;
 * 1-based column in UTF-16 units) and the reason.
 */
export function parseTemplate(source: string): Template {
  const result = tryParseTemplate(source)
  if (result.ok) return result.template
  const { line, column, reason } = result
  throw templateErrors.SYNTAX({ line, column, reason })
}

/** What `parseTemplate` does, for those who collect mistakes. */
export function tryParseTemplate(
  source: string,
): ({ ok: false; reason: string } & Position) | { ok: true; template: Template } {
  // Go's texts are bytes; a lone surrogate has none.
  const text = source.toWellFormed()
  try {
    const { root, definitions } = parse(text)
    let program: Program | undefined
    return {
      ok: true,
      template: {
        source,
        root,
        definitions,
        program: () => (program ??= compile(root, definitions)),
      },
    }
  } catch (error) {
    if (!(error instanceof SyntaxMistake)) throw error
    return { ok: false, reason: error.message, ...positionAt(text, error.at) }
  }
}
