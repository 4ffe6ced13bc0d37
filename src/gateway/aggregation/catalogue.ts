import type { JsonObject } from '../../base/json.ts'
import type { ParamHeaders } from '../../mcp/gateway-port.ts'
import type {
  PromptDefinition,
  ResourceDefinition,
  TemplateDefinition,
  ToolDefinition,
} from './offer.ts'

/**
 * What a gateway offers at one moment, and where each thing leads: computed by `buildCatalogue`, never changed,
 * replaced as a whole when a backend announces a change. Look things up with `lookup.ts`, list with `list-pages.ts`.
 */
export interface Catalogue {
  /** Hash over everything exposed and routed: equal content, equal version. */
  readonly version: string
  /** What clients see, sorted by name. */
  readonly tools: readonly CatalogueTool[]
  /** Every tool that has a name here, hidden ones included. */
  readonly byToolName: ReadonlyMap<string, ToolRoute>
  /** Every tool of every backend, those that lost their name too: backend → the backend's own name → route. */
  readonly byNativeName: ReadonlyMap<string, ReadonlyMap<string, ToolRoute>>
  /** Sorted by uri. */
  readonly resources: readonly CatalogueResource[]
  readonly byUri: ReadonlyMap<string, CatalogueResource>
  /** Sorted by template: the order in which they are tried. */
  readonly templates: readonly CatalogueTemplate[]
  /** Sorted by name. */
  readonly prompts: readonly CataloguePrompt[]
  readonly byPromptName: ReadonlyMap<string, CataloguePrompt>
  /** The backends that have resources, or may have: not reached yet. By name. */
  readonly resourceBackends: readonly string[]
  /** What makes this catalogue unfit to start with (unresolved conflicts of `manual`). */
  readonly problems: readonly CatalogueNote[]
  /** What a person should know: dropped, hidden, renamed, too long. */
  readonly notes: readonly CatalogueNote[]
}

/** An exposed tool: `definition` is what clients get (final name, overrides applied). */
export interface CatalogueTool {
  readonly name: string
  readonly definition: ToolDefinition
  readonly route: ToolRoute
}

/** Where a tool call goes. */
export interface ToolRoute {
  readonly backend: string
  /** What the backend itself calls it. */
  readonly nativeName: string
  /** Its name here; undefined if another tool took it (then only `backend.nativeName` reaches it). */
  readonly name: string | undefined
  /** False: routable for workflow steps, unknown to clients. */
  readonly exposed: boolean
  /** Definition as exposed, or as it would be. */
  readonly definition: ToolDefinition
  /** `x-mcp-header` parameters; undefined if there are none. */
  readonly paramHeaders: ParamHeaders | undefined
  /** Annotations after overrides; `{}` if none. */
  readonly annotations: JsonObject
  /** The backend runs it as a task or not at all. */
  readonly needsTask: boolean
  /** A tool of ours, answered by the source that `backend` names. */
  readonly own?: true
}

export interface CatalogueResource {
  readonly uri: string
  readonly backend: string
  readonly definition: ResourceDefinition
}

export interface CatalogueTemplate {
  readonly uriTemplate: string
  readonly backend: string
  readonly definition: TemplateDefinition
  /** True if the uri can be an expansion of the template; undefined if the template cannot be parsed. */
  readonly matches: ((uri: string) => boolean) | undefined
}

export interface CataloguePrompt {
  readonly name: string
  readonly backend: string
  readonly nativeName: string
  readonly definition: PromptDefinition
}

export type CatalogueNoteCode =
  | 'unresolved-conflict'
  | 'name-collision'
  | 'name-taken'
  | 'priority-dropped'
  | 'own-name-taken'
  | 'own-not-offered'
  | 'duplicate-in-backend'
  | 'prompt-collision'
  | 'duplicate-uri'
  | 'bad-template'
  | 'bad-param-header'
  | 'name-too-long'
  | 'name-shortened'
  | 'name-characters'
  | 'filter-matched'
  | 'malformed'

/** Something found while building, for the log, `/status` and `validate --live`. */
export interface CatalogueNote {
  readonly code: CatalogueNoteCode
  /** One sentence with the names. */
  readonly message: string
  readonly backends: readonly string[]
  /** Name or uri it is about. */
  readonly subject: string
  /** The override that brings it about: of which backend, and under which name that has the tool. */
  readonly override?: { readonly backend: string; readonly nativeName: string }
}
