import { dirname, join } from 'node:path/posix'
import type { SourceFile } from './source-file.ts'

/** A way from a file back to itself, reported at the import that closes it. */
export interface Cycle {
  path: string
  line: number
  /** The files on the way, ending with `path`. */
  through: readonly string[]
}

interface Edge {
  target: string
  line: number
}

/** One shortest cycle for every group of files that import each other, type imports included. */
export function findCycles(files: readonly SourceFile[]): Cycle[] {
  const edges = new Map(files.map((file) => [file.path, edgesOf(file)]))
  const reported = new Set<string>()
  const cycles: Cycle[] = []
  for (const { path } of files) {
    if (reported.has(path)) continue
    const cycle = shortestCycle(path, edges)
    if (cycle === undefined) continue
    for (const member of cycle.through) reported.add(member)
    cycles.push(cycle)
  }
  return cycles
}

function edgesOf(file: SourceFile): Edge[] {
  return file.references
    .filter((reference) => reference.specifier.startsWith('.') && reference.kind !== 'helper')
    .map(({ specifier, line }) => ({ target: join(dirname(file.path), specifier), line }))
}

/** Breadth first from `start` until an edge leads back to it. */
function shortestCycle(
  start: string,
  edges: ReadonlyMap<string, readonly Edge[]>,
): Cycle | undefined {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (const path of queue) {
    for (const { target } of edges.get(path) ?? []) {
      if (target === start) return describe(start, path, cameFrom, edges)
      if (cameFrom.has(target)) continue
      cameFrom.set(target, path)
      queue.push(target)
    }
  }
  return undefined
}

function describe(
  start: string,
  last: string,
  cameFrom: ReadonlyMap<string, string>,
  edges: ReadonlyMap<string, readonly Edge[]>,
): Cycle {
  const through = [start]
  for (let at = last; at !== start; at = cameFrom.get(at) ?? start) through.unshift(at)
  const first = edges.get(start)?.find((edge) => edge.target === through[0])
  return { path: start, line: first?.line ?? 1, through }
}
