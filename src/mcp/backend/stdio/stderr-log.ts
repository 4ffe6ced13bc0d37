import type { Logger } from '../../../telemetry/logger.ts'

const LF = 0x0a
const CR = 0x0d
const MAX_LINE_BYTES = 8192
/** Lines that may come at once, and lines per second in the long run. */
const BURST_LINES = 1000
const LINES_PER_SECOND = 100

/**
 * What a stdio server writes on stderr, line by line into the log under its name. Long lines are cut, and a server that
 * writes faster than anybody reads has lines left out: it must fill neither the log nor our memory.
 */
export class StderrLog {
  readonly #log: Logger
  readonly #backend: string
  readonly #nowMs: () => number
  /** The beginning of a line whose end has not come. */
  #parts: Buffer[] = []
  #partsBytes = 0
  #credit = BURST_LINES
  #creditedMs: number
  #leftOut = 0

  constructor(log: Logger, backend: string, nowMs = () => performance.now()) {
    this.#log = log
    this.#backend = backend
    this.#nowMs = nowMs
    this.#creditedMs = nowMs()
  }

  push(chunk: Buffer): void {
    let start = 0
    for (;;) {
      const end = chunk.indexOf(LF, start)
      this.#keep(chunk.subarray(start, end < 0 ? undefined : end))
      if (end < 0) return
      this.#finishLine()
      start = end + 1
    }
  }

  /** The stream has ended: a last line without line end counts as a line. */
  end(): void {
    this.#finishLine()
    this.#tellLeftOut()
  }

  #keep(part: Buffer): void {
    const room = MAX_LINE_BYTES - this.#partsBytes
    if (part.length === 0 || room <= 0) return
    // A copy: a view would keep the whole chunk for as long as the line has no end.
    this.#parts.push(Buffer.from(part.subarray(0, room)))
    this.#partsBytes += Math.min(part.length, room)
  }

  #finishLine(): void {
    const parts = this.#parts
    if (parts.length === 0) return
    this.#parts = []
    this.#partsBytes = 0
    if (!this.#mayTell()) {
      this.#leftOut++
      return
    }
    this.#tellLeftOut()
    const line = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    const end = line.at(-1) === CR ? line.length - 1 : line.length
    if (end > 0) this.#say({ line: line.toString('utf8', 0, end) }, 'Backend says')
  }

  #mayTell(): boolean {
    if (this.#credit < 1) {
      const nowMs = this.#nowMs()
      const earned = ((nowMs - this.#creditedMs) / 1000) * LINES_PER_SECOND
      this.#credit = Math.min(BURST_LINES, this.#credit + earned)
      this.#creditedMs = nowMs
    }
    if (this.#credit < 1) return false
    this.#credit--
    return true
  }

  #tellLeftOut(): void {
    if (this.#leftOut === 0) return
    this.#say({ lines: this.#leftOut }, 'Backend says too much: lines were left out')
    this.#leftOut = 0
  }

  #say(fields: object, message: string): void {
    this.#log.info({ backend: this.#backend, ...fields }, message)
  }
}
