import { inTime } from '../base/in-time.ts'

interface Closable {
  close(): Promise<void> | void
}

/** Things that have to be closed in the opposite order of their opening. */
export interface Stack {
  add<Thing extends Closable>(thing: Thing): Thing
  /**
   * Closes all, each even if another fails; the same promise however often it is called. With a time: each also while another hangs.
   * What has not ended when half of the time that is left is over goes on beside the rest, and is not waited for.
   */
  end(withinMs?: number): Promise<void>
  /** Resolves when `end` is through; rejects with the first failure. */
  readonly ended: Promise<void>
}

export function createStack(): Stack {
  const things: Closable[] = []
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  let ending: Promise<void> | undefined
  // Whoever calls `end` sees the failure; nobody has to look at `ended`.
  ended.catch(() => {})

  async function closeAll(withinMs: number | undefined): Promise<void> {
    const failures: unknown[] = []
    const until = performance.now() + (withinMs ?? 0)
    for (const thing of things.splice(0).toReversed()) {
      try {
        const closed = Promise.resolve(thing.close())
        if (withinMs === undefined) await closed
        else await inTime(closed, (until - performance.now()) / 2)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  return {
    add(thing) {
      things.push(thing)
      return thing
    },
    end(withinMs) {
      ending ??= closeAll(withinMs).then(resolve, (error: unknown) => {
        reject(error)
        throw error
      })
      return ending
    },
    ended,
  }
}
