/** One mistake, or one note, in a file a person wrote. */
export interface Problem {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
  /** `backends[0].url`; empty when it concerns the file as a whole. */
  readonly path: string
  /** What is wrong, without the path: `is required`. */
  readonly reason: string
  /** What to do about it. */
  readonly hint?: string
  /** Only an error makes the file invalid. A warning tells of what is probably not meant, a note of what is good to know. */
  readonly severity: 'error' | 'warning' | 'note'
}

/** Renders `file:line:column path: reason (hint)`, one line. */
export function renderProblem(problem: Problem): string {
  const { file, line, column, path, reason, hint } = problem
  const where = `${file}:${line}:${column}${path === '' ? '' : ` ${path}`}`
  return `${where}: ${oneLine(reason)}${hint === undefined ? '' : ` (${oneLine(hint)})`}`
}

/** The order of the file: by line, then column. */
export function byPosition(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column
}

/** Writes a path the way people do: `steps[1].tool`, and quotes keys that need it: `overrides["a.b"]`. */
export function renderPath(path: readonly PropertyKey[]): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (/^[\w-]+$/.test(String(part))) text += text === '' ? String(part) : `.${String(part)}`
    else text += `[${JSON.stringify(String(part))}]`
  }
  return text
}

function oneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]/g, (char) =>
    JSON.stringify(char).slice(1, -1),
  )
}
