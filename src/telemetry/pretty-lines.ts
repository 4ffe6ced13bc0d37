import type { DestinationStream } from 'pino'

const COLORS: Readonly<Record<string, string>> = {
  debug: '\u001b[2m',
  info: '\u001b[32m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
}
const DIM = '\u001b[2m'
const RESET = '\u001b[0m'

/** Turns JSON log lines into lines for people: `12:00:01 info  [files] Backend is ready tools=14`. */
export function createPrettyStream(out: DestinationStream, color: boolean): DestinationStream {
  return { write: (line) => out.write(prettyLine(line, color)) }
}

/** One line, or what came in if it is not one of ours. */
export function prettyLine(line: string, color: boolean): string {
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(line) as Record<string, unknown>
  } catch {
    return line
  }
  const { level, time, msg, backend, err, ...rest } = entry
  const name = String(level)
  const at = String(time).slice(11, 19)
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${shown(value)}`)
  const reason = errorText(err)
  const parts = [
    color ? `${DIM}${at}${RESET}` : at,
    color ? `${COLORS[name] ?? ''}${name.padEnd(5)}${RESET}` : name.padEnd(5),
    ...(backend === undefined ? [] : [`[${shown(backend)}]`]),
    String(msg),
    ...(fields.length === 0
      ? []
      : [color ? `${DIM}${fields.join(' ')}${RESET}` : fields.join(' ')]),
  ]
  return `${parts.join(' ')}${reason}\n`
}

function shown(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value)
}

/** The message, and for what is not an expected error of ours the stack below it. */
function errorText(err: unknown): string {
  if (typeof err !== 'object' || err === null) return err === undefined ? '' : ` (${shown(err)})`
  const { message, stack, code } = err as { message?: unknown; stack?: unknown; code?: unknown }
  const text = ` (${String(message)})`
  return code === undefined && typeof stack === 'string' ? `${text}\n${stack}` : text
}
