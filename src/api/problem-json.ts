import type { ServerResponse } from 'node:http'
import { isAppError } from '../base/errors.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Answers with JSON that nobody keeps. */
export function answer(response: ServerResponse, status: number, body: object): void {
  write(response, status, 'application/json', `${JSON.stringify(body)}\n`)
}

/** Answers with text that nobody keeps. */
export function answerText(response: ServerResponse, text: string): void {
  write(response, 200, 'text/plain; charset=utf-8', text)
}

/** Answers with what went wrong (RFC 9457); ours: `code` and `hint`. A bug goes to the log, not to the client. */
export function answerProblem(response: ServerResponse, thrown: unknown, log: Logger): void {
  if (!isAppError(thrown) || thrown.fault === 'bug') {
    log.error({ err: thrown }, 'A request to the API failed because of a bug')
    const body = { type: 'about:blank', status: 500, title: 'Internal error', code: 'INTERNAL' }
    write(response, 500, 'application/problem+json', `${JSON.stringify(body)}\n`)
    return
  }
  const { code, status, message, hint } = thrown
  const body = { type: 'about:blank', status, title: message, code, ...(hint ? { hint } : {}) }
  // RFC 9110 11.6.1.
  if (status === 401) response.setHeader('www-authenticate', 'Bearer')
  write(response, status, 'application/problem+json', `${JSON.stringify(body)}\n`)
}

function write(response: ServerResponse, status: number, type: string, body: string): void {
  if (response.headersSent) {
    response.end()
    return
  }
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  response.end(body)
}
