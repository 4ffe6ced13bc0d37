import { createBackoff } from '../../base/backoff.ts'
import type { BackendConnection, RequestTimeouts } from '../../mcp/backend-connection.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { BackendOffer } from '../aggregation/offer.ts'
import { createCoalescer } from '../coalesce.ts'
import { LIST_KINDS, type ListKind } from '../list-kinds.ts'
import { listOffer, withLists } from './list-offer.ts'

/** Shortest and longest wait, in milliseconds. */
interface Waits {
  readonly minMs: number
  readonly maxMs: number
}

export interface OfferKeeperOptions {
  /** Served until the backend has been asked. */
  readonly first: BackendOffer
  /** The connection to ask, if it stands. */
  readonly connection: () => BackendConnection | undefined
  readonly timeouts: () => RequestTimeouts
  /** Changes that a backend announces within this time become one listing. */
  readonly announcedWaits: Waits
  /** Before a list that could not be had is asked for again. */
  readonly missingWaits: Waits
  /** Lists were asked for outside `begin`; `announced`: those that could be had. */
  readonly onRefreshed: (announced: ReadonlySet<ListKind>) => void
  /** It could list nothing at all when its connection began, and can now. */
  readonly onRecovered: () => void
  readonly log: Logger
}

/** Keeps what a backend offers to everybody in step with the backend. */
export interface OfferKeeper {
  readonly offer: BackendOffer
  /** Asks for all lists over a new connection. Rejects if there are lists but none could be had; they are asked for again. */
  begin(connection: BackendConnection): Promise<void>
  /** The backend has announced a change. */
  announced(kind: ListKind): void
  /** Asks now. Never rejects. */
  refresh(kinds: ReadonlySet<ListKind>): Promise<void>
  stop(): void
}

export function createOfferKeeper(options: OfferKeeperOptions): OfferKeeper {
  const { log } = options
  const changes = createCoalescer<ListKind>(options.announcedWaits, refresh)
  const backoff = createBackoff(options.missingWaits)
  let offer = options.first
  let listsNothing = false

  async function refresh(kinds: ReadonlySet<ListKind>): Promise<void> {
    const connection = options.connection()
    if (connection === undefined) return
    try {
      const missing = await list(connection, kinds)
      options.onRefreshed(new Set([...kinds].filter((kind) => !missing.has(kind))))
      if (listsNothing) options.onRecovered()
      listsNothing = false
    } catch (error) {
      log.warn({ err: error }, 'Cannot refresh the catalogue of a backend')
    }
  }

  /** Asks for lists, and later again for those that could not be had: the connection may be good all the same. */
  async function list(
    connection: BackendConnection,
    kinds: ReadonlySet<ListKind>,
  ): Promise<ReadonlySet<ListKind>> {
    let missing = kinds
    try {
      const listed = await listOffer(connection, kinds, { timeouts: options.timeouts(), log })
      // Another listing may have ended meanwhile: what was listed goes into the offer as it is now.
      offer = withLists(offer, listed)
      missing = listed.missing
      return missing
    } finally {
      if (missing.size === 0) backoff.reset()
      else setTimeout(() => missing.forEach((kind) => changes.add(kind)), backoff.nextMs()).unref()
    }
  }

  return {
    get offer() {
      return offer
    },
    async begin(connection) {
      await list(connection, new Set(LIST_KINDS)).catch((error: unknown) => {
        listsNothing = true
        throw error
      })
      listsNothing = false
    },
    announced: (kind) => changes.add(kind),
    refresh,
    stop: () => changes.stop(),
  }
}
