/** How long one who is back waits for others, in milliseconds. */
const PATIENCE_MS = 1

/**
 * Many who are out at once. Those who come back within a moment go on together: what is done for all of them in one go costs
 * the processor a fraction of what it costs for each when it wakes up alone, and what they write shares one write. Nobody waits
 * once all are back.
 */
export class Company {
  #out = 0
  #back: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined

  /** One more is out. */
  goOut(): void {
    this.#out += 1
  }

  /** One is back, and goes on soon. */
  comeBack(goOn: () => void): void {
    this.#back.push(goOn)
    if (this.#back.length === this.#out) this.#goOn()
    else this.#timer ??= setTimeout(() => this.#goOn(), PATIENCE_MS)
  }

  #goOn(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const all = this.#back
    this.#back = []
    this.#out -= all.length
    for (const goOn of all) goOn()
  }
}
