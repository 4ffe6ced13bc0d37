/** Longer size lines and trailers are nobody's. */
const MAX_LINE_BYTES = 4096
const MAX_TRAILER_BYTES = 16 * 1024
const SIZE = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/

/** Decodes a chunked body (RFC 9112 7.1) as it comes, in pieces of any size. */
export class ChunkedBody {
  readonly #onData: (chunk: Buffer) => void
  #state: 'size' | 'data' | 'data-end' | 'trailer' = 'size'
  #missing = 0
  #line = ''
  #trailerBytes = 0

  constructor(onData: (chunk: Buffer) => void) {
    this.#onData = onData
  }

  /** Where the body ends in `bytes`; undefined: it goes on. Throws an Error that says what is wrong. */
  push(bytes: Buffer): number | undefined {
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const end = Math.min(bytes.length, at + this.#missing)
        this.#missing -= end - at
        if (this.#missing === 0) this.#state = 'data-end'
        this.#onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
        at = end
        continue
      }
      const feed = bytes.indexOf(LINE_FEED, at)
      this.#line += bytes.toString('latin1', at, feed < 0 ? bytes.length : feed)
      if (this.#line.length > MAX_LINE_BYTES)
        throw new Error('a line between its chunks is too long')
      if (feed < 0) return undefined
      at = feed + 1
      if (this.#takeLine()) return at
    }
    return undefined
  }

  /** True: that was the end. */
  #takeLine(): boolean {
    const line = this.#line
    this.#line = ''
    if (!line.endsWith('\r')) throw broken()
    const text = line.slice(0, -1)
    if (this.#state === 'data-end') {
      if (text !== '') throw broken()
      this.#state = 'size'
      return false
    }
    if (this.#state === 'trailer') {
      this.#trailerBytes += line.length
      if (this.#trailerBytes > MAX_TRAILER_BYTES) throw new Error('its trailers are too long')
      return text === ''
    }
    const size = SIZE.exec(text)
    if (!size) throw broken()
    this.#missing = Number.parseInt(size[1]!, 16)
    this.#state = this.#missing === 0 ? 'trailer' : 'data'
    return false
  }
}

const LINE_FEED = 10

function broken(): Error {
  return new Error('its chunks are broken')
}
