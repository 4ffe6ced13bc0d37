import type { CatalogueResource, CatalogueTemplate } from './catalogue.ts'
import type { BackendOffer } from './offer.ts'
import { sortedBy } from './order.ts'
import type { BuildReport } from './report.ts'
import { createTemplateMatcher } from './uri-template.ts'

/** Resources of all backends (sorted by name), by uri; of two with one uri the first backend's counts (vmcp 5.6). */
export function aggregateResources(
  offers: readonly BackendOffer[],
  report: BuildReport,
): CatalogueResource[] {
  const byUri = new Map<string, CatalogueResource>()
  for (const { backend, resources } of offers) {
    for (const definition of resources) {
      const { uri } = definition
      const holder = byUri.get(uri)
      if (holder === undefined) byUri.set(uri, { uri, backend, definition })
      else noteRepeated('resource', uri, holder.backend, backend, report)
    }
  }
  return sortedBy(byUri.values(), (resource) => resource.uri)
}

/** Resource templates, by the same rule. */
export function aggregateTemplates(
  offers: readonly BackendOffer[],
  report: BuildReport,
): CatalogueTemplate[] {
  const byTemplate = new Map<string, CatalogueTemplate>()
  for (const { backend, resourceTemplates } of offers) {
    for (const definition of resourceTemplates) {
      const { uriTemplate } = definition
      const holder = byTemplate.get(uriTemplate)
      if (holder !== undefined) {
        noteRepeated('template', uriTemplate, holder.backend, backend, report)
        continue
      }
      const matches = createTemplateMatcher(uriTemplate)
      if (matches === undefined) {
        report.note(
          'bad-template',
          uriTemplate,
          [backend],
          `Resource template "${uriTemplate}" of "${backend}" is not an RFC 6570 template; no uri leads to it`,
        )
      }
      byTemplate.set(uriTemplate, { uriTemplate, backend, definition, matches })
    }
  }
  return sortedBy(byTemplate.values(), (template) => template.uriTemplate)
}

/** Those that can be asked for resources: servers answer for uris they do not list. */
export function resourceBackends(offers: readonly BackendOffer[]): string[] {
  return offers
    .filter(
      (offer) =>
        offer.own !== true &&
        (offer.description === undefined ||
          offer.description.capabilities['resources'] !== undefined),
    )
    .map((offer) => offer.backend)
}

function noteRepeated(
  what: string,
  subject: string,
  first: string,
  second: string,
  report: BuildReport,
): void {
  if (first === second) {
    report.note(
      'duplicate-in-backend',
      subject,
      [first],
      `Backend "${first}" lists ${what} "${subject}" more than once`,
    )
  } else {
    report.note(
      'duplicate-uri',
      subject,
      [first, second],
      `${what === 'resource' ? 'Resource' : 'Resource template'} "${subject}" is offered by "${first}" and "${second}"; the first answers`,
    )
  }
}
