import { inTime } from '../../base/in-time.ts'
import type { BackendOffer } from '../aggregation/offer.ts'
import type { Backend } from '../backend.ts'
import type { BackendConfig, OperationalConfig } from '../config.ts'

export interface BackendSetOptions {
  /** `offer`: what its predecessor offered, served until it has been asked. */
  readonly create: (config: BackendConfig, offer: BackendOffer | undefined) => Backend
  /** A backend takes no new calls. */
  readonly onRetired: (name: string) => void
}

/** The backends of a gateway; a reload replaces those that are somewhere else by then. */
export interface BackendSet {
  readonly byName: ReadonlyMap<string, Backend>
  /** Each has been reached or has failed once. */
  readonly isSettled: boolean
  add(config: BackendConfig): void
  /** Leaves alone what did not change. Returns the new ones, started; `replaced`: those that took the place of another. */
  change(
    configs: readonly BackendConfig[],
    operational: OperationalConfig,
  ): { readonly replaced: readonly Backend[] }
  /** Resolves when each has been reached or has failed once, or after the time. */
  settled(timeoutMs: number): Promise<void>
  /** Those included that only end the calls they have. */
  close(): Promise<void>
}

const LOOK_MS = 100

export function createBackendSet(options: BackendSetOptions): BackendSet {
  const byName = new Map<string, Backend>()
  const retired = new Set<Backend>()
  let unsettled = 0

  function add(config: BackendConfig, offer?: BackendOffer): Backend {
    const backend = options.create(config, offer)
    byName.set(config.name, backend)
    unsettled++
    void backend.settled.then(() => unsettled--)
    return backend
  }

  /** Out of the way of new calls; closed when those it has are through. */
  function retire(backend: Backend): void {
    byName.delete(backend.name)
    options.onRetired(backend.name)
    retired.add(backend)
    void closeWhenIdle(backend).then(() => retired.delete(backend))
  }

  return {
    byName,
    get isSettled() {
      return unsettled === 0
    },
    add: (config) => void add(config),
    change(configs, operational) {
      const before = new Map<string, Backend>()
      for (const backend of [...byName.values()]) {
        const wanted = configs.find(({ name }) => name === backend.name)
        if (wanted !== undefined && isSamePlace(backend.config, wanted)) {
          backend.adjust(wanted, operational)
        } else {
          retire(backend)
          before.set(backend.name, backend)
        }
      }
      const added = configs
        .filter(({ name }) => !byName.has(name))
        .map((config) => add(config, before.get(config.name)?.offer))
      for (const backend of added) backend.start()
      return { replaced: added.filter(({ name }) => before.has(name)) }
    },
    async settled(timeoutMs) {
      await inTime(Promise.all(Array.from(byName.values(), (each) => each.settled)), timeoutMs)
    },
    async close() {
      const all = [...byName.values(), ...retired]
      await Promise.all(all.map((backend) => backend.close()))
    },
  }
}

/** Their own timeouts end the calls that would never end. */
async function closeWhenIdle(backend: Backend): Promise<void> {
  while (backend.calls.count > 0) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref())
  }
  await backend.close()
}

/** What can change without another connection: timeouts, and what is only carried along. */
function isSamePlace(a: BackendConfig, b: BackendConfig): boolean {
  return JSON.stringify(placeOf(a)) === JSON.stringify(placeOf(b))
}

function placeOf({ timeouts, metadata, ...place }: BackendConfig): object {
  return place
}
