import { isAppError } from '../base/errors.ts'

/**
 * An error for the terminal: `Error [CODE] message`, and `Try: hint`; as JSON, one object. What is no AppError is a bug of
 * ours, shown with its stack.
 */
export function renderError(error: unknown, json: boolean): string {
  if (!isAppError(error)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    if (json) return JSON.stringify({ error: { code: 'INTERNAL', message: stack } })
    return `Error [INTERNAL] ${stack}\nTry: run it again with --debug, and report this as a bug`
  }
  const { code, message, hint, details } = error
  if (json) return JSON.stringify({ error: { code, message, hint, details } })
  return `Error [${code}] ${message}${hint === undefined ? '' : `\nTry: ${hint}`}`
}
