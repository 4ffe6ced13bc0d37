import type { AppError } from '../../../base/errors.ts'
import { mcpErrors } from '../../errors.ts'
import type { Ran } from '../../errors.ts'
import { decodeMessage } from '../answer.ts'
import type { Incoming } from '../answer.ts'

/** Statuses that say: not looked at. With any other the request may have been executed. */
const NOT_RUN = new Set([401, 403, 404, 405, 406, 407, 411, 413, 414, 415, 421, 426, 429, 431])

/** The JSON-RPC error in the body of a refusal, if there is one. */
export function refusalError(body: Buffer): (Incoming & { kind: 'error' }) | undefined {
  const message = decodeMessage(body)
  return message.kind === 'error' ? message : undefined
}

/**
 * A refusal as an error of ours. It is never relayed as it is: a 401 of a backend speaks of our credentials, not of the
 * client's.
 */
export function refusal(backend: string, httpStatus: number, body: Buffer, ran?: Ran): AppError {
  const reason = refusalError(body)?.error.message ?? excerpt(body)
  return mcpErrors.BACKEND_HTTP({
    backend,
    httpStatus,
    reason,
    ran: ran ?? (NOT_RUN.has(httpStatus) ? 'no' : 'unknown'),
  })
}

function excerpt(body: Buffer): string {
  const text = body.toString('utf8', 0, 200).replace(/\s+/g, ' ').trim()
  return text === '' ? 'without a word' : text.startsWith('<') ? 'an HTML page' : text
}
