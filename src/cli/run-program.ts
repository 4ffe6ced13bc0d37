import type { Command, CommandContext } from './command-spec.ts'
import { parseCommandLine } from './parse-command-line.ts'
import { renderError } from './render-error.ts'
import { renderHelp } from './render-help.ts'

/** Runs one command line; resolves to the exit code. Renders every error, throws none. */
export async function runProgram(
  args: readonly string[],
  commands: readonly Command[],
  context: CommandContext,
): Promise<number> {
  try {
    const request = parseCommandLine(args, commands)
    if (request.kind === 'help') {
      context.print(renderHelp(context.program, request.about, commands))
      return 0
    }
    const command =
      request.kind === 'run' ? request.command : commands.find((c) => c.spec.name === 'version')
    if (!command) return 1
    const handler = await command.load()
    const flags = request.kind === 'run' ? request.flags : { format: 'text' }
    return await handler(flags as never, context)
  } catch (error) {
    context.note(renderError(error, asksForJson(args)))
    return 1
  }
}

function asksForJson(args: readonly string[]): boolean {
  const index = args.indexOf('--format')
  return args.includes('--format=json') || (index >= 0 && args[index + 1] === 'json')
}
