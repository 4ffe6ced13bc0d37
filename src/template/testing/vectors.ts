import { readFileSync } from 'node:fs'

/** What came of a template: its text, or what kind of error in which line of the template. */
export interface Outcome {
  readonly output?: string
  readonly error?: 'parse' | 'exec'
  /** Of the error, 1-based. */
  readonly line?: number
}

/** Where ours differs from Go on purpose. */
export interface Difference extends Outcome {
  readonly reason: string
}

/** A template, and what Go's text/template makes of it. Written by `npm run vectors`. */
export interface Vector {
  readonly name: string
  readonly template: string
  /** As JSON text. */
  readonly data: string
  readonly go: Outcome
  readonly ours?: Difference
}

/** All vectors. */
export function readVectors(): readonly Vector[] {
  return JSON.parse(readFileSync(new URL('./vectors.json', import.meta.url), 'utf8')) as Vector[]
}
