import type { Value } from '../data/kinds.ts'
import { LimitReached, Refusal } from '../limits.ts'

/** A compiled expression. */
export type Evaluate = (run: Run, dot: Value) => Value

/** A compiled command, whose last argument may come from the command before it. */
export type Command = (run: Run, dot: Value, piped: Value) => Value

/** A compiled statement; says whether the range around it goes on. */
export type Execute = (run: Run, dot: Value) => Signal

/** 0: go on; 1: `break`; 2: `continue`. */
export type Signal = 0 | 1 | 2

const CHARACTERS_PER_STEP = 64
/** UTF-8 takes at most three bytes for a UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3
/** Definitions in definitions, with the `if`, `with` and `range` around each call; the stack bears a few times more. */
const MAX_DEPTH = 500

interface RunOptions {
  definitions: ReadonlyMap<string, Execute>
  maxOutputBytes: number
  maxSteps: number
}

/** One rendering: what it has written, its variables, where it is, what it may still do. */
export class Run {
  readonly definitions: ReadonlyMap<string, Execute>
  readonly maxOutputBytes: number
  /** Of the node that is worked on, for mistakes: a UTF-16 offset. */
  at = 0
  #output = ''
  #bytes = 0
  #countsBytes = false
  #stepsLeft: number
  #depth = 0
  /** The variables of all definitions that are being executed; those of the innermost one begin at `#base`. */
  readonly #names: string[] = []
  readonly #values: Value[] = []
  #base = 0

  constructor({ definitions, maxOutputBytes, maxSteps }: RunOptions) {
    this.definitions = definitions
    this.maxOutputBytes = maxOutputBytes
    this.#stepsLeft = maxSteps
  }

  get output(): string {
    return this.#output
  }

  step(): void {
    if (--this.#stepsLeft < 0) throw new LimitReached('maxSteps')
  }

  /** Counts what is done with a text of this length, or with as many elements. */
  work(length: number): void {
    this.#stepsLeft -= length / CHARACTERS_PER_STEP
    if (this.#stepsLeft < 0) throw new LimitReached('maxSteps')
  }

  write(text: string): void {
    this.#output += text
    if (this.#countsBytes) this.#bytes += Buffer.byteLength(text)
    else if (this.#output.length * MAX_BYTES_PER_UNIT > this.maxOutputBytes) {
      this.#countsBytes = true
      this.#bytes = Buffer.byteLength(this.#output)
    }
    if (this.#bytes > this.maxOutputBytes) throw new LimitReached('maxOutputBytes')
  }

  /** Lets a text pass that a function has made, unless it is too long to be written anyway. */
  made(text: string): string {
    if (text.length > this.maxOutputBytes) throw new LimitReached('maxOutputBytes')
    this.work(text.length)
    return text
  }

  /** Runs a definition, which sees none of the variables around the call; `depth` is how deep the call is nested. */
  call(body: Execute, dot: Value, depth: number): void {
    this.#depth += depth
    if (this.#depth > MAX_DEPTH) throw new Refusal('templates call each other too deeply')
    const base = this.#base
    const mark = (this.#base = this.mark())
    this.declare('$', dot)
    body(this, dot)
    this.release(mark)
    this.#base = base
    this.#depth -= depth
  }

  /** How many variables there are, for `release`. */
  mark(): number {
    return this.#names.length
  }

  /** Forgets the variables that were declared since. */
  release(mark: number): void {
    this.#names.length = mark
    this.#values.length = mark
  }

  declare(name: string, value: Value): void {
    this.#names.push(name)
    this.#values.push(value)
  }

  assign(name: string, value: Value): void {
    this.#values[this.#indexOf(name)] = value
  }

  variable(name: string): Value {
    return this.#values[this.#indexOf(name)]
  }

  /** Sets the variable that was declared last, or the one before it. */
  setNewest(nth: 1 | 2, value: Value): void {
    this.#values[this.#values.length - nth] = value
  }

  /** A declaration that was read may have been skipped: `{{or true ($x := 1)}}{{$x}}`. */
  #indexOf(name: string): number {
    for (let i = this.#names.length - 1; i >= this.#base; i--) if (this.#names[i] === name) return i
    throw new Refusal(`variable ${name} is not set`)
  }
}
