/** One message of an answer that comes in parts: a type of one character and bytes. */
export interface Frame {
  readonly type: string
  readonly body: Buffer
}

const HEAD_BYTES = 5

/** A frame as bytes: length of the body (4 bytes, big endian), type, body. */
export function toFrame(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(body.length, 0)
  head.write(type, 4, 1, 'latin1')
  return Buffer.concat([head, body])
}

/** A frame with JSON in it. */
export function jsonFrame(type: string, value: unknown): Buffer {
  return toFrame(type, Buffer.from(JSON.stringify(value)))
}

/** The frames of a stream, as they come. Throws for one that is larger than allowed. */
export async function* readFrames(
  stream: AsyncIterable<unknown>,
  maxBytes: number,
): AsyncGenerator<Frame> {
  let rest: Buffer = EMPTY
  const waiting: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    waiting.push(chunk as Buffer)
    size += (chunk as Buffer).length
    // Large frames come in many pieces: they are joined once, when there is enough.
    if (rest.length >= HEAD_BYTES && size < HEAD_BYTES + rest.readUInt32BE(0)) continue
    rest = Buffer.concat(waiting.splice(0))
    while (rest.length >= HEAD_BYTES) {
      const length = rest.readUInt32BE(0)
      if (length > maxBytes) throw new RangeError(`a frame of ${length} bytes is too large`)
      if (rest.length < HEAD_BYTES + length) break
      yield {
        type: rest.toString('latin1', 4, 5),
        body: rest.subarray(HEAD_BYTES, HEAD_BYTES + length),
      }
      rest = rest.subarray(HEAD_BYTES + length)
    }
    size = rest.length
    if (size > 0) waiting.push(rest)
  }
}

const EMPTY = Buffer.alloc(0)
