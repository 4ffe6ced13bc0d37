/** How much one rendering may write and work. */
export interface RenderLimits {
  /** Of what is written, and of every text on the way; 10 MiB unless given. */
  maxOutputBytes?: number
  /** A step is a node, a function call, an element, or 64 characters worked on; 1,000,000 unless given. */
  maxSteps?: number
}

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
