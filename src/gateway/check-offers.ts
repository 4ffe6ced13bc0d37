import { buildCatalogue } from './aggregation/build-catalogue.ts'
import type { CatalogueNote } from './aggregation/catalogue.ts'
import { createOffer, NOTHING_KNOWN, type BackendOffer } from './aggregation/offer.ts'
import { checkNames, type NameProblem } from './check-names.ts'
import type { AggregationConfig } from './config.ts'

/** What can be said of a configuration against what its backends offer. */
export interface OfferCheck {
  /** Names that lead nowhere. */
  readonly names: readonly NameProblem[]
  /** Conflicts it leaves open. */
  readonly problems: readonly CatalogueNote[]
  /** What it drops or changes. */
  readonly notes: readonly CatalogueNote[]
  /** Every name a tool has here, hidden ones included; undefined while the tools of a backend are not known. */
  readonly toolNames: readonly string[] | undefined
}

/**
 * Checks settings before they take effect: `offers` are what is known now, of the backends that the settings name and of
 * others. A backend without an offer is not judged.
 */
export function checkOffers(
  settings: {
    readonly backends: readonly { readonly name: string }[]
    readonly aggregation: AggregationConfig
  },
  offers: readonly BackendOffer[],
): OfferCheck {
  const wanted = settings.backends.map(
    ({ name }) =>
      offers.find((offer) => offer.backend === name) ?? createOffer(name, { known: NOTHING_KNOWN }),
  )
  const own = offers.filter((offer) => offer.own === true)
  const { problems, notes, byToolName } = buildCatalogue([...wanted, ...own], settings.aggregation)
  return {
    names: checkNames(wanted, settings.aggregation),
    problems,
    notes,
    toolNames: wanted.every(({ known }) => known.tools) ? [...byToolName.keys()] : undefined,
  }
}
