/** What of a step says when it can start. */
export interface GraphNode {
  readonly id: string
  readonly dependsOn: readonly string[]
}

/** The ids of steps that wait for each other, the first one again at the end; undefined when none do. */
export function findCycle(nodes: readonly GraphNode[]): string[] | undefined {
  const byId = new Map(nodes.toReversed().map((node) => [node.id, node]))
  const done = new Set<string>()
  const visit = (node: GraphNode, path: readonly string[]): string[] | undefined => {
    if (done.has(node.id)) return undefined
    const start = path.indexOf(node.id)
    if (start !== -1) return [...path.slice(start), node.id]
    for (const id of node.dependsOn) {
      const next = byId.get(id)
      const cycle = next && visit(next, [...path, node.id])
      if (cycle) return cycle
    }
    done.add(node.id)
    return undefined
  }
  for (const node of nodes) {
    const cycle = visit(node, [])
    if (cycle) return cycle
  }
  return undefined
}

/** The steps that are done before a step begins; not the step itself, unless it waits for itself. */
export function upstreamOf(id: string, nodes: readonly GraphNode[]): ReadonlySet<string> {
  const byId = new Map(nodes.toReversed().map((node) => [node.id, node]))
  const found = new Set<string>()
  const open = [...(byId.get(id)?.dependsOn ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    open.push(...(byId.get(next)?.dependsOn ?? []))
  }
  return found
}

/** How many steps at least come one after the other before each; steps in cycles, and behind them, have no level. */
export function levelsOf(nodes: readonly GraphNode[]): ReadonlyMap<string, number> {
  const levels = new Map<string, number>()
  const known = new Set(nodes.map(({ id }) => id))
  let left = [...nodes]
  for (let level = 0; left.length > 0; level++) {
    const ready = left.filter(({ dependsOn }) =>
      dependsOn.every((id) => levels.has(id) || !known.has(id)),
    )
    if (ready.length === 0) break
    for (const { id } of ready) levels.set(id, level)
    left = left.filter((node) => !ready.includes(node))
  }
  return levels
}
