import { dirname, join } from 'node:path/posix'
import { findCycles } from './cycles.ts'
import { FLOORS } from './floors.ts'
import type { Reference, SourceFile } from './source-file.ts'

/** A broken rule, and where. */
export interface Problem {
  path: string
  line: number
  rule:
    | 'floor'
    | 'private-room'
    | 'barrel'
    | 'cycle'
    | 'extension'
    | 'missing'
    | 'package'
    | 'outside'
    | 'testing'
  message: string
}

/** The packages the product may import, some only in certain places. */
export type Packages = Readonly<Record<string, { where?: RegExp; reason?: string }>>

/**
 * Checks all imports of the repository. `files` are all its TypeScript files; `exists` tells whether another path
 * (JSON, say) is there.
 */
export function checkImports(
  files: readonly SourceFile[],
  packages: Packages,
  exists: (path: string) => boolean,
): Problem[] {
  const known = new Set(files.map((file) => file.path))
  const problems = files.flatMap((file) => [
    ...checkBarrel(file),
    ...file.references.flatMap((reference) =>
      checkReference(file, reference, packages, (path) => known.has(path) || exists(path)),
    ),
  ])
  return [...problems, ...checkCycles(files)].sort(
    (a, b) => a.path.localeCompare(b.path) || a.line - b.line,
  )
}

function checkBarrel(file: SourceFile): Problem[] {
  const at = (line: number, message: string): Problem => ({
    path: file.path,
    line,
    rule: 'barrel',
    message,
  })
  const starred = file.references.filter((reference) => reference.kind === 'reexport-all')
  return [
    ...starred.map((reference) => at(reference.line, '"export *" hides what is exported: name it')),
    ...(file.onlyReexports
      ? [at(1, 'a file that only re-exports: import from the files themselves')]
      : []),
    ...(/(^|\/)index\.ts$/.test(file.path)
      ? [at(1, 'index.ts says nothing: name the file for what it holds')]
      : []),
  ]
}

function checkReference(
  file: SourceFile,
  reference: Reference,
  packages: Packages,
  exists: (path: string) => boolean,
): Problem[] {
  const problem = (rule: Problem['rule'], message: string): Problem[] => [
    { path: file.path, line: reference.line, rule, message },
  ]
  const { specifier } = reference
  if (specifier.startsWith('node:')) return []
  if (!specifier.startsWith('.')) return checkPackage(file.path, specifier, packages, problem)
  const target = join(dirname(file.path), specifier)
  if (!/\.(ts|json)$/.test(specifier))
    return problem('extension', `"${specifier}": write the file's real name, ending in .ts`)
  if (!exists(target)) return problem('missing', `"${specifier}" does not exist`)
  return checkPlace(file.path, target, problem)
}

type Report = (rule: Problem['rule'], message: string) => Problem[]

function checkPackage(
  path: string,
  specifier: string,
  packages: Packages,
  problem: Report,
): Problem[] {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  if (!path.startsWith('src/') || isTest(path)) return []
  const use = packages[name]
  if (use === undefined)
    return problem('package', `"${name}" is no package of the product: scripts/imports/packages.ts`)
  if (use.where?.test(path) === false)
    return problem('package', `"${name}" may not be imported here: ${use.reason}`)
  return []
}

function checkPlace(path: string, target: string, problem: Report): Problem[] {
  if (target === 'package.json') return []
  if (!isTest(path) && isTest(target))
    return problem('testing', `"${target}" is for tests; the product cannot import it`)
  const from = placeOf(path)
  const to = placeOf(target)
  if (to === undefined) {
    const allowed = from === undefined || target.startsWith('test/fixtures/')
    return allowed ? [] : problem('outside', `"${target}" lies outside src/`)
  }
  if (from?.folder === to.folder) return []
  return [...checkFloor(from, to, isTest(path), problem), ...checkRoom(path, target, to, problem)]
}

function checkFloor(
  from: Place | undefined,
  to: Place,
  fromTest: boolean,
  problem: Report,
): Problem[] {
  for (const place of [from, to])
    if (place !== undefined && FLOORS[place.folder] === undefined)
      return problem(
        'floor',
        `src/${place.folder}/ has no floor: give it one in scripts/imports/floors.ts`,
      )
  if (from === undefined) return []
  const [floor, wanted] = [FLOORS[from.folder]!, FLOORS[to.folder]!]
  if (wanted < floor || (wanted === floor && fromTest && to.room?.startsWith('testing') === true))
    return []
  const relation = wanted === floor ? 'is on the same floor' : 'is a higher floor'
  return problem(
    'floor',
    `src/${from.folder}/ (F${floor}) cannot import src/${to.folder}/ (F${wanted}): it ${relation}; take what you need as a parameter`,
  )
}

function checkRoom(path: string, target: string, to: Place, problem: Report): Problem[] {
  if (to.room === undefined) return []
  if (isTest(path) && to.room.split('/').includes('testing')) return []
  return problem(
    'private-room',
    `"${target}" is private to src/${to.folder}/: import a front file (directly in src/${to.folder}/)`,
  )
}

interface Place {
  folder: string
  /** Sub-folder path; undefined for a front file. */
  room: string | undefined
}

/** `src/mcp/era/x.ts` → folder `mcp`, room `era`; undefined outside `src/<folder>/`. */
function placeOf(path: string): Place | undefined {
  const [root, folder, ...rest] = path.split('/')
  if (root !== 'src' || folder === undefined || rest.length === 0) return undefined
  return { folder, room: rest.length > 1 ? rest.slice(0, -1).join('/') : undefined }
}

function isTest(path: string): boolean {
  return (
    /\.(test|testsuite)\.ts$/.test(path) || !path.startsWith('src/') || path.includes('/testing/')
  )
}

function checkCycles(files: readonly SourceFile[]): Problem[] {
  return findCycles(files).map((cycle) => ({
    path: cycle.path,
    line: cycle.line,
    rule: 'cycle' as const,
    message: `imports itself through ${cycle.through.join(' → ')}`,
  }))
}
