/** A table with its heading and a sentence on how to read it. */
export interface Table {
  readonly title: string
  readonly intro: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Markdown that also reads well on a terminal: columns padded, numbers to the right. */
export function renderTable(table: Table): string {
  const lines = [table.columns, ...table.rows]
  const widths = table.columns.map((_, column) =>
    Math.max(3, ...lines.map((line) => (line[column] ?? '').length)),
  )
  const render = (line: readonly string[]): string =>
    `| ${widths.map((width, at) => pad(line[at] ?? '', width, at > 0)).join(' | ')} |`
  const rule = widths.map((width, at) =>
    at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [render(table.columns), `| ${rule.join(' | ')} |`, ...table.rows.map(render)].join('\n')
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width)
}
