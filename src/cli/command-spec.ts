/** One flag of a command. */
export interface FlagSpec {
  readonly kind: 'text' | 'switch'
  readonly short?: string
  /** What stands for the value in the help: `FILE`. */
  readonly value?: string
  readonly about: string
  /** Shown in the help and used when the flag is not given. */
  readonly default?: string
}

/** A word a command takes beside its flags. */
export interface ArgumentSpec {
  /** What stands for it in the help: `RUN`. */
  readonly value: string
  readonly about: string
  /** It may be left out; only the last ones can. */
  readonly optional?: true
}

/** A command as data: parsing, help and documentation come from it. Handlers are loaded elsewhere, only when called. */
export interface CommandSpec {
  /** The words that call it: `vmcp serve`. */
  readonly name: string
  readonly summary: string
  /** More lines of help. */
  readonly details?: string
  /** By name, in their order; no name may be that of a flag. */
  readonly arguments?: Readonly<Record<string, ArgumentSpec>>
  readonly flags: Readonly<Record<string, FlagSpec>>
  readonly examples?: readonly string[]
}

/** `workflow run FILE TOOL`: a command with its arguments, without its flags. */
export function usageOf({ name, arguments: words = {} }: CommandSpec): string {
  const values = Object.values(words).map(({ value, optional }) =>
    optional === true ? `[${value}]` : value,
  )
  return [name, ...values].join(' ')
}

/** The flags every command has. */
export const GLOBAL_FLAGS = {
  debug: { kind: 'switch', about: 'Log more (also TOOLHIVE_DEBUG=true)' },
  help: { kind: 'switch', short: 'h', about: 'Show this help' },
} as const satisfies Record<string, FlagSpec>

/** The parsed flags of a command, its arguments among them: what has a default is always there, switches are true or false. */
export type FlagsOf<Spec extends CommandSpec> = ArgumentsOf<Spec> & {
  readonly [Name in keyof Spec['flags']]: Spec['flags'][Name] extends { kind: 'switch' }
    ? boolean
    : Spec['flags'][Name] extends { default: string }
      ? string
      : string | undefined
} & { readonly debug: boolean }

type ArgumentsOf<Spec extends CommandSpec> = Spec extends {
  arguments: infer Words extends Readonly<Record<string, ArgumentSpec>>
}
  ? {
      readonly [Name in keyof Words]: Words[Name] extends { optional: true }
        ? string | undefined
        : string
    }
  : unknown

/** What a command may touch of the world. */
export interface CommandContext {
  /** `thv` or `vmcp`. */
  readonly program: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes a line of result data. */
  print(line: string): void
  /** Writes a line for people, beside the result data. */
  note(line: string): void
}

/** A command's handler; resolves to the exit code. */
export type CommandHandler<Spec extends CommandSpec> = (
  flags: FlagsOf<Spec>,
  context: CommandContext,
) => Promise<number>

/** A command with the way to load its handler. */
export interface Command {
  readonly spec: CommandSpec
  load(): Promise<(flags: never, context: CommandContext) => Promise<number>>
}
