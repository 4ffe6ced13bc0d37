import type { JsonObject } from '../../base/json.ts'
import type { Catalogue, CataloguePrompt, ToolRoute } from './catalogue.ts'

/** A tool as clients may call it; a hidden one is as unknown as one that does not exist. */
export function findTool(catalogue: Catalogue, name: string): ToolRoute | undefined {
  const route = catalogue.byToolName.get(name)
  return route?.exposed === true ? route : undefined
}

/**
 * A tool as a workflow step may name it (vmcp 5.5): by its final name, hidden ones included, or as `backend.native` with
 * the backend's own name of the tool. The first dot that leads somewhere splits the two. Composite tools are none of these: a
 * run cannot start another.
 */
export function findToolForStep(catalogue: Catalogue, name: string): ToolRoute | undefined {
  const route = catalogue.byToolName.get(name)
  if (route !== undefined && route.own === undefined) return route
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const native = catalogue.byNativeName.get(name.slice(0, dot))?.get(name.slice(dot + 1))
    if (native !== undefined) return native
  }
  return undefined
}

/** The backend that answers for a uri: listed, else by template in alphabetical order. */
export function findResource(catalogue: Catalogue, uri: string): { backend: string } | undefined {
  return catalogue.byUri.get(uri) ?? catalogue.templates.find((each) => each.matches?.(uri))
}

/**
 * Whom to ask for a uri that `findResource` does not find: first those that have others of its scheme. Nobody should hear
 * of the links of another server without need.
 */
export function backendsToAsk(catalogue: Catalogue, uri: string): readonly string[] {
  const { resourceBackends, resources, templates } = catalogue
  if (resourceBackends.length < 2) return resourceBackends
  const scheme = uri.slice(0, uri.indexOf(':') + 1)
  const likely = new Set<string>()
  for (const each of resources) if (each.uri.startsWith(scheme)) likely.add(each.backend)
  for (const each of templates) if (each.uriTemplate.startsWith(scheme)) likely.add(each.backend)
  return [
    ...resourceBackends.filter((backend) => likely.has(backend)),
    ...resourceBackends.filter((backend) => !likely.has(backend)),
  ]
}

export function findPrompt(catalogue: Catalogue, name: string): CataloguePrompt | undefined {
  return catalogue.byPromptName.get(name)
}

/** Where `completion/complete` goes, with the reference in the backend's own words. */
export function findCompletionTarget(
  catalogue: Catalogue,
  ref: JsonObject,
): { backend: string; ref: JsonObject } | undefined {
  if (ref['type'] === 'ref/prompt' && typeof ref['name'] === 'string') {
    const prompt = findPrompt(catalogue, ref['name'])
    return prompt && { backend: prompt.backend, ref: { ...ref, name: prompt.nativeName } }
  }
  const { uri } = ref
  if (ref['type'] !== 'ref/resource' || typeof uri !== 'string') return undefined
  const template = catalogue.templates.find((each) => each.uriTemplate === uri)
  const found = template ?? findResource(catalogue, uri)
  const [sole, ...others] = catalogue.resourceBackends
  const backend = found?.backend ?? (others.length === 0 ? sole : undefined)
  return backend === undefined ? undefined : { backend, ref }
}
