import type { ClientSession } from '../mcp/client-session.ts'
import type { BackendOffer } from './aggregation/offer.ts'
import type { Catalogue } from './aggregation/catalogue.ts'

export interface CataloguesOptions {
  /** The offers of all backends, in the order of the configuration. */
  readonly offers: () => readonly BackendOffer[]
  readonly build: (offers: readonly BackendOffer[]) => Catalogue
}

/** The catalogue for everybody, and those of the few sessions to which a backend offers something else. */
export interface Catalogues {
  readonly current: Catalogue
  for(session: ClientSession | undefined): Catalogue
  /** Recomputes the catalogue for everybody; returns the one before. */
  rebuild(): Catalogue
  /** Undefined: the session sees what everybody sees. */
  setOwnOffer(session: ClientSession, backend: string, offer: BackendOffer | undefined): void
  endSession(session: ClientSession): void
}

interface OwnView {
  readonly offers: Map<string, BackendOffer>
  /** Made when first asked for after a change. */
  catalogue: Catalogue | undefined
}

export function createCatalogues(options: CataloguesOptions): Catalogues {
  const views = new Map<ClientSession, OwnView>()
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
    for(session) {
      if (session === undefined || views.size === 0) return current
      const view = views.get(session)
      return view === undefined ? current : viewed(view)
    },
    rebuild() {
      const before = current
      current = options.build(options.offers())
      for (const view of views.values()) view.catalogue = undefined
      return before
    },
    setOwnOffer(session, backend, offer) {
      const view = views.get(session)
      if (offer === undefined) {
        if (view === undefined || !view.offers.delete(backend)) return
        view.catalogue = undefined
        if (view.offers.size === 0) views.delete(session)
        return
      }
      if (view === undefined) {
        views.set(session, { offers: new Map([[backend, offer]]), catalogue: undefined })
      } else {
        view.offers.set(backend, offer)
        view.catalogue = undefined
      }
    },
    endSession: (session) => void views.delete(session),
  }
}
