const LOOSE_COUNT = 64
const SMALL_BYTES = 64 * 1024

/**
 * Collects the chunks of something until it is whole. Chunks are kept as they come, but a peer that sends single bytes
 * must not cost a Buffer for each: every so many small ones become one.
 */
export class ByteList {
  #parts: Buffer[] = []
  #loose = 0
  #looseBytes = 0
  #bytes = 0

  get length(): number {
    return this.#bytes
  }

  push(chunk: Buffer): void {
    this.#parts.push(chunk)
    this.#bytes += chunk.length
    this.#looseBytes += chunk.length
    if (++this.#loose < LOOSE_COUNT) return
    if (this.#looseBytes < SMALL_BYTES) {
      const small = this.#parts.splice(-LOOSE_COUNT)
      this.#parts.push(Buffer.concat(small, this.#looseBytes))
    }
    this.#loose = 0
    this.#looseBytes = 0
  }

  /** All of it in one piece; the list is empty afterwards. A single chunk is not copied. */
  take(): Buffer {
    const [only] = this.#parts
    const whole = this.#parts.length === 1 && only ? only : Buffer.concat(this.#parts, this.#bytes)
    this.clear()
    return whole
  }

  clear(): void {
    this.#parts = []
    this.#loose = this.#looseBytes = this.#bytes = 0
  }
}
