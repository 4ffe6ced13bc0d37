/** One request that ends soon, with a body that is there. */
export interface HttpCall {
  readonly method: 'POST' | 'GET' | 'DELETE'
  /** With the query. */
  readonly path: string
  /** Names, in lower case, and values in turn; the connection's own (host, length) are not among them. */
  readonly headers: readonly string[]
  readonly body: string | null
}

export type ResponseHeaders = Record<string, string | string[] | undefined>

/** To whom the answer to a call is told as it comes; undici's handlers are called in the same way. */
export interface CallHandler {
  /** Twice if the call had to wait for a connection: what ends it has changed. */
  onRequestStart(controller: CallController): void
  /** The system has the whole request. */
  onRequestSent(): void
  /** Also for interim answers (1xx), of which there may be several. */
  onResponseStart(controller: CallController, status: number, headers: ResponseHeaders): void
  onResponseData(controller: CallController, chunk: Buffer): void
  onResponseEnd(controller: CallController, trailers: ResponseHeaders): void
  /** Nothing more will come, whatever has come before. */
  onResponseError(controller: CallController, error: Error): void
}

export interface CallController {
  /** Gives up: the connection ends. */
  abort(reason: Error): void
}

/** Where calls to one origin go. undici's dispatchers are such. */
export interface CallDispatcher {
  dispatch(call: HttpCall, handler: CallHandler): unknown
}
