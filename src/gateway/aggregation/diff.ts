import type { Catalogue, CatalogueTool } from './catalogue.ts'

/** Which lists differ, and which tools, for list_changed and for the log. */
export interface CatalogueDiff {
  readonly tools: boolean
  readonly resources: boolean
  readonly prompts: boolean
  readonly addedTools: readonly string[]
  readonly removedTools: readonly string[]
  /** Same name, other definition or other backend: whoever trusted the tool should look again. */
  readonly changedTools: readonly string[]
  /** An added and a removed tool of one backend that differ in nothing but the name. Also among the other two. */
  readonly renamedTools: readonly { readonly from: string; readonly to: string }[]
}

/** What clients see differently. Hidden tools do not count. */
export function diffCatalogues(before: Catalogue, after: Catalogue): CatalogueDiff {
  const old = new Map(before.tools.map((tool) => [tool.name, tool]))
  const added: CatalogueTool[] = []
  const changedTools: string[] = []
  for (const tool of after.tools) {
    const previous = old.get(tool.name)
    old.delete(tool.name)
    if (previous === undefined) added.push(tool)
    else if (!sameTool(previous, tool)) changedTools.push(tool.name)
  }
  const removed = [...old.values()]
  return {
    tools: added.length + changedTools.length + removed.length > 0,
    resources:
      !same(definitions(before.resources), definitions(after.resources)) ||
      !same(definitions(before.templates), definitions(after.templates)),
    prompts: !same(definitions(before.prompts), definitions(after.prompts)),
    addedTools: added.map((tool) => tool.name),
    removedTools: removed.map((tool) => tool.name),
    changedTools,
    renamedTools: renamed(removed, added),
  }
}

function sameTool(a: CatalogueTool, b: CatalogueTool): boolean {
  return a.route.backend === b.route.backend && same(a.definition, b.definition)
}

function renamed(
  removed: readonly CatalogueTool[],
  added: readonly CatalogueTool[],
): { from: string; to: string }[] {
  if (removed.length === 0 || added.length === 0) return []
  const byContent = new Map(removed.map((tool) => [nameless(tool), tool.name]))
  return added.flatMap((tool) => {
    const from = byContent.get(nameless(tool))
    return from === undefined ? [] : [{ from, to: tool.name }]
  })
}

function nameless({ definition, route }: CatalogueTool): string {
  return JSON.stringify([route.backend, { ...definition, name: '' }])
}

function definitions(items: readonly { definition: object }[]): object[] {
  return items.map((item) => item.definition)
}

function same(a: object, b: object): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
