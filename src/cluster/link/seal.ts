import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** What of a request is sealed: nobody can send it to another replica, change it, or send it again. */
export interface Sealed {
  readonly from: string
  readonly to: string
  /** Grows with every request of `from` to `to`. */
  readonly number: number
  readonly method: string
  readonly path: string
  /** Headers that carry meaning, as one text. */
  readonly extra: string
  readonly body: Buffer
}

/** The value of the seal's header. */
export function makeSeal(key: Buffer, sealed: Sealed): string {
  return `v1 ${sealed.from} ${sealed.number} ${mac(key, sealed).toString('base64url')}`
}

export interface SealParts {
  readonly from: string
  readonly number: number
  readonly mac: string
}

/** Undefined if it is no seal. */
export function readSeal(header: string | undefined): SealParts | undefined {
  const match = /^v1 (\w{1,64}) (\d{1,15}) ([\w-]{43})$/.exec(header ?? '')
  if (match === null) return undefined
  return { from: match[1]!, number: Number(match[2]), mac: match[3]! }
}

export function isGenuine(key: Buffer, sealed: Sealed, given: string): boolean {
  return timingSafeEqual(mac(key, sealed), Buffer.from(given, 'base64url'))
}

function mac(key: Buffer, { from, to, number, method, path, extra, body }: Sealed): Buffer {
  const digest = createHash('sha256').update(body).digest('base64url')
  const text = JSON.stringify([from, to, number, method, path, extra, digest])
  return createHmac('sha256', key).update(text).digest()
}

/** Requests may overtake each other by so many. */
const WINDOW = 4096
/** Replicas come and go; only those that have the key get in here. */
const MAX_SENDERS = 1000

/** Which numbers of which sender were here before: no clocks have to agree. */
export class SeenNumbers {
  readonly #senders = new Map<string, { highest: number; seen: Set<number> }>()

  /** True the first time. */
  take(from: string, number: number): boolean {
    let sender = this.#senders.get(from)
    if (sender === undefined) {
      sender = { highest: 0, seen: new Set() }
      this.#senders.set(from, sender)
      if (this.#senders.size > MAX_SENDERS) {
        for (const oldest of this.#senders.keys()) {
          this.#senders.delete(oldest)
          break
        }
      }
    }
    if (number <= sender.highest - WINDOW || sender.seen.has(number)) return false
    sender.seen.add(number)
    if (number > sender.highest) sender.highest = number
    if (sender.seen.size > 2 * WINDOW) {
      for (const old of sender.seen) if (old <= sender.highest - WINDOW) sender.seen.delete(old)
    }
    return true
  }
}
