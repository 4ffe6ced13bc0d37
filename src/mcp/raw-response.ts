/** Start (inclusive) and end (exclusive) byte offsets. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A member of an object: where its key's opening quote is, and where its value is. */
export interface MemberSpan extends Span {
  /** Offset of the key's opening quote. */
  readonly key: number
}

/**
 * A JSON-RPC response with a result, in bytes, with the places a gateway has to touch. `start`/`end` of a member are
 * those of its value. Everything else passes through untouched.
 */
export interface RawResponse {
  readonly bytes: Buffer
  readonly id: MemberSpan
  readonly result: MemberSpan
  /** Members at the first level of the result. */
  readonly meta: MemberSpan | undefined
  readonly resultType: MemberSpan | undefined
  readonly isError: boolean
}
