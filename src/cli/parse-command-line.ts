import { parseArgs } from 'node:util'
import { closest } from '../base/edit-distance.ts'
import { GLOBAL_FLAGS, type Command, type CommandSpec, type FlagSpec } from './command-spec.ts'
import { cliErrors } from './errors.ts'

/** What the command line asks for. */
export type Request =
  | { readonly kind: 'help'; readonly about: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly command: Command; readonly flags: Readonly<Flags> }

type Flags = Record<string, string | boolean | undefined>

/** Reads a command line without the program's own name. Throws an AppError for what it cannot understand. */
export function parseCommandLine(args: readonly string[], commands: readonly Command[]): Request {
  const { words, rest } = splitWords(args, commands)
  const name = words.join(' ')
  const wantsHelp = asksForHelp(rest)
  const command = commands.find(({ spec }) => spec.name === name)
  if (command) {
    if (wantsHelp) return { kind: 'help', about: name }
    return { kind: 'run', command, flags: parseFlags(command.spec, rest) }
  }
  if (words.length === 0 && rest[0] === '--version') return { kind: 'version' }
  const next = rest.find((word) => !word.startsWith('-'))
  if (next !== undefined && next !== 'help') throw unknownCommand(words, next, commands)
  if (next === undefined && !wantsHelp && rest.some((word) => word.startsWith('-'))) {
    const flag = rest.find((word) => !isGlobal(word))
    if (flag !== undefined) throw cliErrors.UNKNOWN_FLAG({ flag, command: name, meant: undefined })
  }
  return { kind: 'help', about: name }
}

/** Takes the words of the command off the front; global flags may stand before and between them. */
function splitWords(
  args: readonly string[],
  commands: readonly Command[],
): { words: string[]; rest: string[] } {
  const words: string[] = []
  const rest: string[] = []
  let index = 0
  for (; index < args.length; index++) {
    const word = args[index] ?? ''
    if (isGlobal(word)) rest.push(word)
    else if (isCommandStart([...words, word], commands)) words.push(word)
    else break
  }
  return { words, rest: [...rest, ...args.slice(index)] }
}

function isCommandStart(words: readonly string[], commands: readonly Command[]): boolean {
  const name = words.join(' ')
  return commands.some(({ spec }) => spec.name === name || spec.name.startsWith(`${name} `))
}

function isGlobal(word: string): boolean {
  return word === '--debug' || word === '--help' || word === '-h'
}

function asksForHelp(rest: readonly string[]): boolean {
  const end = rest.indexOf('--')
  const flags = end < 0 ? rest : rest.slice(0, end)
  return flags.includes('--help') || flags.includes('-h')
}

function parseFlags(spec: CommandSpec, rest: readonly string[]): Flags {
  const known: Record<string, FlagSpec> = { ...spec.flags, ...GLOBAL_FLAGS }
  const options = Object.fromEntries(
    Object.entries(known).map(([name, flag]) => [
      name,
      {
        type: flag.kind === 'switch' ? ('boolean' as const) : ('string' as const),
        ...(flag.short === undefined ? {} : { short: flag.short }),
      },
    ]),
  )
  const { tokens } = parseArgs({ args: [...rest], options, strict: false, tokens: true })
  const flags: Flags = {}
  for (const [name, flag] of Object.entries(known)) {
    flags[name] = flag.kind === 'switch' ? false : flag.default
  }
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw cliErrors.UNEXPECTED_WORD({ word: token.value, command: spec.name })
    }
    if (token.kind === 'option') readFlag(spec, known, token, flags)
  }
  return flags
}

function readFlag(
  spec: CommandSpec,
  known: Readonly<Record<string, FlagSpec>>,
  token: {
    name: string
    rawName: string
    value?: string | undefined
    inlineValue?: boolean | undefined
  },
  flags: Flags,
): void {
  const flag = Object.hasOwn(known, token.name) ? known[token.name] : undefined
  if (!flag) {
    const meant = closest(token.name, Object.keys(known))
    throw cliErrors.UNKNOWN_FLAG({ flag: token.rawName, command: spec.name, meant })
  }
  if (flag.kind === 'switch') {
    if (token.value !== undefined && token.value !== 'true' && token.value !== 'false') {
      throw cliErrors.BAD_SWITCH({ flag: token.rawName, value: token.value })
    }
    flags[token.name] = token.value !== 'false'
    return
  }
  const looksLikeFlag = token.inlineValue !== true && /^--?[a-z]/.test(token.value ?? '')
  if (token.value === undefined || looksLikeFlag) {
    throw cliErrors.MISSING_VALUE({ flag: token.rawName, value: flag.value ?? 'VALUE' })
  }
  flags[token.name] = token.value
}

function unknownCommand(words: readonly string[], next: string, commands: readonly Command[]) {
  const depth = words.length
  const above = words.join(' ')
  const names = commands
    .map(({ spec }) => spec.name.split(' '))
    .filter((name) => name.length > depth && name.slice(0, depth).join(' ') === above)
    .map((name) => name[depth] ?? '')
  const meant = closest(next, new Set(names))
  const command = [...words, next].join(' ')
  return cliErrors.UNKNOWN_COMMAND({ command, above, meant })
}
