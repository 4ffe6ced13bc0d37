/** How much one rendering may write and work. */
export interface RenderLimits {
  /** Of what is written, and of every text on the way; 10 MiB unless given. */
  maxOutputBytes?: number
  /** A step is a node, a function call, an element, or 64 characters worked on; 1,000,000 unless given. */
  maxSteps?: number
}

/** What the parts of one rendering may still do; `Run` is one. */
export interface Budget {
  /** What a text may grow to: its bytes, and so its UTF-16 units too. */
  readonly maxOutputBytes: number
  /** Takes what is done with as many characters from the steps that are left: 64 of them are one. */
  work(characters: number): void
}

/** How deep lists and objects may be nested in what is written; the stack bears a few times more. */
export const MAX_DATA_DEPTH = 500

/** What one element of a list or object costs, in characters, when it is written. */
export const ELEMENT_COST = 8
/** What one key costs when the keys of an object are listed; and when they are put in order. */
export const KEY_COST = 16
export const SORT_COST = 32
/** What a character costs where bytes are looked at one by one, which half letters ask for. */
export const BYTES_COST = 4
/** What quoting a character costs, in characters that are only passed on. */
export const QUOTE_COST = 8
/** What a number costs that takes long arithmetic. */
export const LONG_NUMBER_COST = 512

/** Why a template cannot go on with this data. Thrown inside this folder only; the renderer adds the place. */
export class Refusal extends Error {}

/** A limit was reached. Thrown inside this folder only. */
export class LimitReached extends Error {
  readonly limit: keyof RenderLimits

  constructor(limit: keyof RenderLimits) {
    super(limit)
    this.limit = limit
  }
}
