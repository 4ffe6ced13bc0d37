import type { JsonObject } from '../../base/json.ts'
import type { ServerDescription } from '../../mcp/messages.ts'
import type { Era } from '../../mcp/versions.ts'
import type { MalformedItem } from '../listed/mend-listed.ts'

/** A tool as its backend describes it; members we do not know (icons, title, _meta, execution …) pass through. */
export interface ToolDefinition extends JsonObject {
  name: string
}
export interface PromptDefinition extends JsonObject {
  name: string
}
export interface ResourceDefinition extends JsonObject {
  uri: string
}
export interface TemplateDefinition extends JsonObject {
  uriTemplate: string
}

/** Which lists a backend has answered. What it does not offer by its capabilities counts as known (and empty). */
export interface KnownLists {
  readonly tools: boolean
  readonly resources: boolean
  readonly resourceTemplates: boolean
  readonly prompts: boolean
}

/** By list: what was not as the protocol says. */
export type MalformedItems = {
  readonly [List in keyof KnownLists]?: readonly MalformedItem[]
}

/** What one backend offers, under its own names. The input of `buildCatalogue`. */
export interface BackendOffer {
  /** Name of the backend (workload) in the configuration; unique among the offers. */
  readonly backend: string
  /** Undefined while the backend has not been reached. */
  readonly era: Era | undefined
  /** Undefined while the backend has not been reached. */
  readonly description: ServerDescription | undefined
  readonly tools: readonly ToolDefinition[]
  readonly resources: readonly ResourceDefinition[]
  readonly resourceTemplates: readonly TemplateDefinition[]
  readonly prompts: readonly PromptDefinition[]
  readonly known: KnownLists
  /** Items that were mended, or are in none of the lists. */
  readonly malformed: MalformedItems
  /**
   * Sources of our own (composite tools): names stay as they are, no filter, exclusion or override touches them, and
   * on a clash with a backend's tool the own one gives way and is reported (vmcp 6.10).
   */
  readonly own?: true
}

export const ALL_KNOWN: KnownLists = {
  tools: true,
  resources: true,
  resourceTemplates: true,
  prompts: true,
}
export const NOTHING_KNOWN: KnownLists = {
  tools: false,
  resources: false,
  resourceTemplates: false,
  prompts: false,
}

/** An offer in which everything not given is empty and known. */
export function createOffer(
  backend: string,
  parts: Partial<Omit<BackendOffer, 'backend'>> = {},
): BackendOffer {
  return {
    backend,
    era: undefined,
    description: undefined,
    tools: [],
    resources: [],
    resourceTemplates: [],
    prompts: [],
    known: ALL_KNOWN,
    malformed: {},
    ...parts,
  }
}
