interface Closable {
  close(): Promise<void> | void
}

/** Things that have to be closed in the opposite order of their opening. */
export interface Stack {
  add<Thing extends Closable>(thing: Thing): Thing
  /** Closes all, each even if another fails; the same promise however often it is called. */
  end(): Promise<void>
  /** Resolves when `end` is through; rejects with the first failure. */
  readonly ended: Promise<void>
}

export function createStack(): Stack {
  const things: Closable[] = []
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  let ending: Promise<void> | undefined
  // Whoever calls `end` sees the failure; nobody has to look at `ended`.
  ended.catch(() => {})

  async function closeAll(): Promise<void> {
    const failures: unknown[] = []
    for (const thing of things.splice(0).toReversed()) {
      try {
        await thing.close()
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
    end() {
      ending ??= closeAll().then(resolve, (error: unknown) => {
        reject(error)
        throw error
      })
      return ending
    },
    ended,
  }
}
