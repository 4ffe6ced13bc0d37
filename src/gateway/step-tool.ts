import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Catalogue } from './aggregation/catalogue.ts'
import { findToolForStep } from './aggregation/lookup.ts'

/** What is known of a tool that steps of composite tools may call. */
export interface StepToolFacts {
  readonly inputSchema: JsonObject | undefined
  /** After overrides. */
  readonly annotations: JsonObject
}

/** A tool as a step names it: by its final name, hidden ones included, or as `backend.native`. */
export function findStepTool(catalogue: Catalogue, name: string): StepToolFacts | undefined {
  const route = findToolForStep(catalogue, name)
  if (route === undefined) return undefined
  const { inputSchema } = route.definition
  return {
    inputSchema: isJsonObject(inputSchema) ? inputSchema : undefined,
    annotations: route.annotations,
  }
}

/** Every name a step may give: final ones, and those with the backend in front. */
export function stepToolNames(catalogue: Catalogue): string[] {
  const native = Array.from(catalogue.byNativeName, ([backend, tools]) =>
    Array.from(tools.keys(), (name) => `${backend}.${name}`),
  )
  return [...catalogue.byToolName.keys(), ...native.flat()]
}
