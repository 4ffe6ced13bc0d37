import { parseArgs } from 'node:util'
import { closest } from '../base/edit-distance.ts'
import {
  GLOBAL_FLAGS,
  usageOf,
  type Command,
  type CommandSpec,
  type FlagSpec,
} from './command-spec.ts'
import { cliErrors } from './errors.ts'

/** What the command line asks for. */
export type Request =
  | { readonly kind: 'help'; readonly about: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly command: Command; readonly flags: Readonly<Flags> }

type Flags = Record<string, string | boolean | undefined>
type FlagSpecs = Readonly<Record<string, FlagSpec>>

/** Reads a command line without the program's own name. Throws an AppError for what it cannot understand. */
export function parseCommandLine(args: readonly string[], commands: readonly Command[]): Request {
  const { words, rest } = splitWords(args, commands)
  const name = words.join(' ')
  const command = commands.find(({ spec }) => spec.name === name)
  if (command) {
    if (asksForHelp(rest)) return { kind: 'help', about: name }
    return { kind: 'run', command, flags: parseFlags(command.spec, rest) }
  }
  return parseWithoutCommand(words, rest, commands)
}

function parseWithoutCommand(
  words: readonly string[],
  rest: readonly string[],
  commands: readonly Command[],
): Request {
  const name = words.join(' ')
  if (asksForHelp(rest)) return { kind: 'help', about: name }
  if (words.length === 0 && rest[0] === '--version') return { kind: 'version' }
  const next = rest.find((word) => !GLOBAL_WORDS.has(word))
  if (next === undefined || next === 'help') return { kind: 'help', about: name }
  if (!next.startsWith('-')) throw unknownCommand(words, next, commands)
  throw cliErrors.UNKNOWN_FLAG({ flag: next, command: name, meant: undefined })
}

const GLOBAL_WORDS = new Set(['--debug', '--help', '-h'])

/** Takes the words of the command out; flags may stand before and between them, as in `vmcp -c FILE serve`. */
function splitWords(
  args: readonly string[],
  commands: readonly Command[],
): { words: string[]; rest: string[] } {
  const words: string[] = []
  const rest: string[] = []
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? ''
    const name = [...words, word].join(' ')
    if (isCommandStart(name, commands)) {
      words.push(word)
    } else if (word.startsWith('-') && word !== '--') {
      rest.push(word)
      if (takesValue(word, commands) && index + 1 < args.length) rest.push(args[++index] ?? '')
    } else {
      return { words, rest: [...rest, ...args.slice(index)] }
    }
  }
  return { words, rest }
}

function isCommandStart(name: string, commands: readonly Command[]): boolean {
  return commands.some(({ spec }) => spec.name === name || spec.name.startsWith(`${name} `))
}

function takesValue(word: string, commands: readonly Command[]): boolean {
  return commands.some(({ spec }) =>
    Object.entries(spec.flags).some(
      ([name, flag]) =>
        flag.kind === 'text' &&
        (word === `--${name}` || (flag.short !== undefined && word === `-${flag.short}`)),
    ),
  )
}

function asksForHelp(rest: readonly string[]): boolean {
  const end = rest.indexOf('--')
  const flags = end < 0 ? rest : rest.slice(0, end)
  return flags.includes('--help') || flags.includes('-h')
}

function parseFlags(spec: CommandSpec, rest: readonly string[]): Flags {
  const known: FlagSpecs = { ...spec.flags, ...GLOBAL_FLAGS }
  const { tokens } = parseArgs({
    args: [...rest],
    options: toOptions(known),
    strict: false,
    tokens: true,
  })
  const flags: Flags = {}
  for (const [name, flag] of Object.entries(known)) {
    flags[name] = flag.kind === 'switch' ? false : flag.default
  }
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind === 'option') flags[token.name] = valueOf(token, spec, known)
  }
  return { ...flags, ...parseArguments(spec, words) }
}

function parseArguments(spec: CommandSpec, words: readonly string[]): Flags {
  const wanted = Object.entries(spec.arguments ?? {})
  const extra = words[wanted.length]
  if (extra !== undefined) throw cliErrors.UNEXPECTED_WORD({ word: extra, command: spec.name })
  return Object.fromEntries(
    wanted.map(([name, { value, optional }], index) => {
      if (words[index] === undefined && optional !== true) {
        throw cliErrors.MISSING_ARGUMENT({ argument: value, usage: usageOf(spec) })
      }
      return [name, words[index]]
    }),
  )
}

function toOptions(known: FlagSpecs) {
  return Object.fromEntries(
    Object.entries(known).map(([name, { kind, short }]) => [
      name,
      {
        type: kind === 'switch' ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  )
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

function valueOf(token: OptionToken, spec: CommandSpec, known: FlagSpecs): string | boolean {
  const flag = Object.hasOwn(known, token.name) ? known[token.name] : undefined
  if (!flag) {
    const meant = closest(token.name, Object.keys(known))
    throw cliErrors.UNKNOWN_FLAG({ flag: token.rawName, command: spec.name, meant })
  }
  const { value } = token
  if (flag.kind === 'switch') {
    if (value === undefined || value === 'true') return true
    if (value === 'false') return false
    throw cliErrors.BAD_SWITCH({ flag: token.rawName, value })
  }
  const isNextFlag = token.inlineValue !== true && /^--?[a-z]/.test(value ?? '')
  if (value !== undefined && !isNextFlag) return value
  throw cliErrors.MISSING_VALUE({ flag: token.rawName, value: flag.value ?? 'VALUE' })
}

function unknownCommand(words: readonly string[], next: string, commands: readonly Command[]) {
  const above = words.join(' ')
  const nextWords = commands
    .map(({ spec }) => spec.name.split(' '))
    .filter((name) => name.slice(0, words.length).join(' ') === above)
    .flatMap((name) => name[words.length] ?? [])
  const meant = closest(next, new Set(nextWords))
  return cliErrors.UNKNOWN_COMMAND({ command: [...words, next].join(' '), above, meant })
}
