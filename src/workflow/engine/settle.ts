import type { Cancellation } from '../../base/cancellation.ts'
import type { Company } from './company.ts'

/** How long one who was cancelled may take to say so. */
const GRACE_MS = 1000

export type Settled<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** It was cancelled and did not even say so in time. */
  | { readonly kind: 'silent' }

/** Waits for the work, and a moment for others in its company; after cancellation only a moment longer. Never rejects. */
export function settle<Value>(
  work: Promise<Value>,
  cancellation: Cancellation,
  company?: Company,
  graceMs = GRACE_MS,
): Promise<Settled<Value>> {
  return new Promise((resolve) => {
    company?.goOut()
    let isOver = false
    let timer: NodeJS.Timeout | undefined
    const leave = cancellation.onCancel(() => {
      timer = setTimeout(end, graceMs, { kind: 'silent' })
    })
    work.then(
      (value) => end({ kind: 'done', value }),
      (error: unknown) => end({ kind: 'failed', error }),
    )

    function end(settled: Settled<Value>): void {
      if (isOver) return
      isOver = true
      if (timer !== undefined) clearTimeout(timer)
      leave()
      if (company === undefined) resolve(settled)
      else company.comeBack(() => resolve(settled))
    }
  })
}
