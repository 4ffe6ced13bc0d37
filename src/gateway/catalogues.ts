import type { BackendOffer } from './aggregation/offer.ts'
import type { Catalogue } from './aggregation/catalogue.ts'
import type { CallOwner } from './backends/slot-choice.ts'
import { ownerKey, type SlotOwner } from './backends/pool.ts'

export interface CataloguesOptions {
  /** The offers of all backends, in the order of the configuration. */
  readonly offers: () => readonly BackendOffer[]
  readonly build: (offers: readonly BackendOffer[]) => Catalogue
}

/** The catalogue for everybody, and those of the few sessions and principals to whom a backend offers something else. */
export interface Catalogues {
  readonly current: Catalogue
  for(caller: CallOwner): Catalogue
  /** Recomputes the catalogue for everybody; returns the one before. */
  rebuild(): Catalogue
  /** Undefined: the owner sees what everybody sees. */
  setOwnOffer(owner: SlotOwner, backend: string, offer: BackendOffer | undefined): void
  endOwner(owner: SlotOwner): void
  /** Forgets what one backend offers to some. */
  endBackend(backend: string): void
}

interface OwnView {
  readonly offers: Map<string, BackendOffer>
  /** Made when first asked for after a change. */
  catalogue: Catalogue | undefined
}

export function createCatalogues(options: CataloguesOptions): Catalogues {
  const views = new Map<string, OwnView>()
  let current = options.build(options.offers())

  function viewed(view: OwnView): Catalogue {
    view.catalogue ??= options.build(
      options.offers().map((offer) => view.offers.get(offer.backend) ?? offer),
    )
    return view.catalogue
  }

  return {
    get current() {
      return current
    },
    for({ principal, session }) {
      // Nearly always nobody sees anything else.
      if (views.size === 0) return current
      const view =
        (session && views.get(ownerKey({ kind: 'session', session }))) ??
        views.get(ownerKey({ kind: 'principal', principal }))
      return view === undefined ? current : viewed(view)
    },
    rebuild() {
      const before = current
      current = options.build(options.offers())
      for (const view of views.values()) view.catalogue = undefined
      return before
    },
    setOwnOffer(owner, backend, offer) {
      const key = ownerKey(owner)
      const view = views.get(key)
      if (offer === undefined) {
        if (view === undefined || !view.offers.delete(backend)) return
        view.catalogue = undefined
        if (view.offers.size === 0) views.delete(key)
        return
      }
      if (view === undefined) {
        views.set(key, { offers: new Map([[backend, offer]]), catalogue: undefined })
      } else {
        view.offers.set(backend, offer)
        view.catalogue = undefined
      }
    },
    endOwner: (owner) => void views.delete(ownerKey(owner)),
    endBackend(backend) {
      for (const [key, view] of views) {
        if (!view.offers.delete(backend)) continue
        view.catalogue = undefined
        if (view.offers.size === 0) views.delete(key)
      }
    },
  }
}
