import {
  GLOBAL_FLAGS,
  usageOf,
  type Command,
  type CommandSpec,
  type FlagSpec,
} from './command-spec.ts'

/** The help of one command, or of the group of commands (or the whole program, for '') that `about` names. */
export function renderHelp(program: string, about: string, commands: readonly Command[]): string {
  const command = commands.find(({ spec }) => spec.name === about)
  return command ? commandHelp(program, command.spec) : groupHelp(program, about, commands)
}

function commandHelp(program: string, spec: CommandSpec): string {
  const sections = [
    `${spec.summary}.${spec.details === undefined ? '' : `\n\n${spec.details}`}`,
    `Usage:\n  ${program} ${usageOf(spec)} [flags]`,
    ...argumentSection(spec),
    `Flags:\n${flagTable({ ...spec.flags, ...GLOBAL_FLAGS })}`,
  ]
  if (spec.examples) {
    const lines = spec.examples.map((example) => `  ${program} ${example}`)
    sections.push(`Examples:\n${lines.join('\n')}`)
  }
  return sections.join('\n\n')
}

function argumentSection({ arguments: words }: CommandSpec): string[] {
  if (words === undefined) return []
  const rows = Object.values(words).map(({ value, about }): [string, string] => [value, about])
  return [`Arguments:\n${table(rows)}`]
}

function groupHelp(program: string, about: string, commands: readonly Command[]): string {
  const inGroup = commands.filter(({ spec }) => about === '' || spec.name.startsWith(`${about} `))
  const path = about === '' ? program : `${program} ${about}`
  const rows = inGroup.map(({ spec }): [string, string] => [spec.name, spec.summary])
  const intro =
    about === ''
      ? 'Runs MCP servers and puts any number of them behind one governed MCP endpoint.'
      : `Commands of ${path}.`
  return [
    intro,
    `Usage:\n  ${path} COMMAND [flags]`,
    `Commands:\n${table(rows)}`,
    `Flags:\n${flagTable(GLOBAL_FLAGS)}`,
    `"${program} COMMAND --help" says more about a command.`,
  ].join('\n\n')
}

function flagTable(flags: Readonly<Record<string, FlagSpec>>): string {
  return table(
    Object.entries(flags).map(([name, flag]) => {
      const short = flag.short === undefined ? '    ' : `-${flag.short}, `
      const value = flag.kind === 'text' ? ` ${flag.value ?? 'VALUE'}` : ''
      const preset = flag.default === undefined ? '' : ` (default ${flag.default})`
      return [`${short}--${name}${value}`, `${flag.about}${preset}`]
    }),
  )
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}
