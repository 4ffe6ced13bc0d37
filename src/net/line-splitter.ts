import { ByteList } from './byte-list.ts'

const LF = 0x0a
const CR = 0x0d

/**
 * Cuts a byte stream into lines without decoding it. A line that arrives in one chunk is a view of that chunk, so
 * nothing is copied; lines over several chunks are joined once.
 */
export class LineSplitter {
  readonly #onLine: (line: Buffer) => void
  readonly #onTooLong: (lengthBytes: number) => void
  readonly #maxBytes: number
  readonly #begun = new ByteList()
  #dead = false

  /**
   * `onLine` gets each line without its LF or CRLF. `onTooLong` is called once when a line exceeds `maxBytes`;
   * everything after it is dropped.
   */
  constructor(options: {
    maxBytes: number
    onLine: (line: Buffer) => void
    onTooLong: (lengthBytes: number) => void
  }) {
    this.#onLine = options.onLine
    this.#onTooLong = options.onTooLong
    this.#maxBytes = options.maxBytes
  }

  push(chunk: Buffer): void {
    let start = 0
    while (!this.#dead) {
      const end = chunk.indexOf(LF, start)
      const lengthBytes = this.#begun.length + (end < 0 ? chunk.length : end) - start
      if (lengthBytes > this.#maxBytes) return this.#giveUp(lengthBytes)
      if (end < 0) return this.#keep(chunk, start)
      this.#emit(chunk.subarray(start, end))
      start = end + 1
    }
  }

  /** The stream has ended: a last line without line end counts as a line. */
  end(): void {
    if (!this.#dead && this.#begun.length > 0) this.#emit(Buffer.alloc(0))
    this.#dead = true
  }

  #keep(chunk: Buffer, start: number): void {
    if (start === chunk.length) return
    this.#begun.push(start === 0 ? chunk : chunk.subarray(start))
  }

  #emit(tail: Buffer): void {
    let line = tail
    if (this.#begun.length > 0) {
      this.#begun.push(tail)
      line = this.#begun.take()
    }
    const last = line.length - 1
    this.#onLine(line[last] === CR ? line.subarray(0, last) : line)
  }

  #giveUp(lengthBytes: number): void {
    this.#dead = true
    this.#begun.clear()
    this.#onTooLong(lengthBytes)
  }
}
