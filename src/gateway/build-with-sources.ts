import { buildCatalogue } from './aggregation/build-catalogue.ts'
import type { Catalogue } from './aggregation/catalogue.ts'
import { createOffer, type BackendOffer } from './aggregation/offer.ts'
import type { AggregationConfig } from './config.ts'
import type { Source } from './source.ts'

/** The catalogue of the backends, and on top of it what the sources offer to whoever sees that one. */
export function buildWithSources(
  offers: readonly BackendOffer[],
  settings: AggregationConfig,
  sources: readonly Source[],
): Catalogue {
  const ofBackends = buildCatalogue(offers, settings)
  const offered = sources
    .map((source) => ({ name: source.name, ...source.offer(ofBackends) }))
    .filter(({ tools, notes }) => tools.length + notes.length > 0)
  if (offered.length === 0) return ofBackends
  const own = offered.map(({ name, tools }) => createOffer(name, { tools, own: true }))
  const built = buildCatalogue([...offers, ...own], settings)
  return { ...built, notes: [...built.notes, ...offered.flatMap(({ notes }) => notes)] }
}
