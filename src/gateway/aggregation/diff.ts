import type { Catalogue } from './catalogue.ts'

/** Which lists differ, and which tools, for list_changed and for the log. */
export interface CatalogueDiff {
  readonly tools: boolean
  readonly resources: boolean
  readonly prompts: boolean
  readonly addedTools: readonly string[]
  readonly removedTools: readonly string[]
  /** Same name, other definition or other backend. */
  readonly changedTools: readonly string[]
}

export function diffCatalogues(before: Catalogue, after: Catalogue): CatalogueDiff {
  const old = new Map(before.tools.map((tool) => [tool.name, tool]))
  const addedTools: string[] = []
  const changedTools: string[] = []
  for (const tool of after.tools) {
    const previous = old.get(tool.name)
    if (previous === undefined) addedTools.push(tool.name)
    else if (
      tool.route.backend !== previous.route.backend ||
      !same(tool.definition, previous.definition)
    ) {
      changedTools.push(tool.name)
    }
    old.delete(tool.name)
  }
  const removedTools = [...old.keys()]
  return {
    tools: addedTools.length + changedTools.length + removedTools.length > 0,
    resources:
      !same(definitions(before.resources), definitions(after.resources)) ||
      !same(definitions(before.templates), definitions(after.templates)),
    prompts: !same(definitions(before.prompts), definitions(after.prompts)),
    addedTools,
    removedTools,
    changedTools,
  }
}

function definitions(items: readonly { definition: object }[]): object[] {
  return items.map((item) => item.definition)
}

function same(a: object, b: object): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
