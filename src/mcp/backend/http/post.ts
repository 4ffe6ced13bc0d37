import type { HeaderList, HttpEndpoint } from './http-endpoint.ts'
import { describeFailure } from './http-exchange.ts'

/**
 * Sends something nobody waits for an answer of: a notification, an answer to a question, the end of a session. Resolves
 * with the HTTP status, or with the reason why there is none; bounded in time
 * unless `timeoutMs` is 0.
 */
export function post(
  endpoint: HttpEndpoint,
  method: 'POST' | 'DELETE',
  headers: HeaderList,
  body: string | undefined,
  timeoutMs: number,
): Promise<number | string> {
  return new Promise((resolve) => {
    let status = 0
    let abort = () => {}
    const timer =
      timeoutMs > 0 &&
      setTimeout(() => {
        resolve(`no answer within ${timeoutMs} ms`)
        abort()
      }, timeoutMs)
    const finish = (outcome: number | string) => {
      if (timer) clearTimeout(timer)
      resolve(outcome)
    }
    endpoint.streams.dispatch(
      { method, path: endpoint.path, headers: headers as string[], body: body ?? null },
      {
        onRequestStart(controller) {
          abort = () => controller.abort(new Error('The request was given up'))
        },
        onResponseStart(_, httpStatus) {
          status = httpStatus
        },
        onResponseData() {},
        onResponseEnd: () => finish(status),
        onResponseError: (_, error) => finish(describeFailure(error)),
      },
    )
  })
}
