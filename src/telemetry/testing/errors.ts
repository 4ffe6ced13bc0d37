import { AppError } from '../../base/errors.ts'

/** An expected error: has a code, so logs show its message without a stack. */
export function mcpLikeError(): AppError {
  return new AppError({ code: 'MCP_X', fault: 'environment', status: 502, message: 'no route' })
}
