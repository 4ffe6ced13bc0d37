import { basename, dirname, join } from 'node:path'
import { closest } from '../../base/edit-distance.ts'
import type { Finding } from '../../schema/finding.ts'
import { parseYamlDocuments } from '../../schema/parse-yaml-file.ts'
import { renderProblem, type Problem } from '../../schema/problem.ts'
import type { SourceDocument } from '../../schema/source-document.ts'
import { MANIFEST_KIND } from '../../workflow/config.ts'

/** A folder as manifests are read from it. */
export interface ManifestFolder {
  readFile(file: string): Promise<Uint8Array>
  /** The names of the entries of a folder. */
  listFolder(folder: string): Promise<readonly string[]>
}

/** A file that speaks of manifests of composite tools. */
export interface ManifestFile {
  readonly file: string
  readonly bytes: Uint8Array
}

/** The manifest of a composite tool, not checked yet. */
export interface Manifest {
  readonly name: string
  readonly document: SourceDocument
  /** What is wrong with its YAML. */
  readonly problems: readonly Problem[]
}

/** The manifests that were found, and what is good to know about files that could not be read. */
export interface FoundManifests {
  readonly manifests: readonly Manifest[]
  readonly notes: readonly Problem[]
}

const MAX_FILES = 1000

/**
 * Reads the manifests beside a configuration file: of all `*.yaml` and `*.yml` in its folder, those that mention the kind.
 * What cannot be read is no manifest.
 */
export async function readManifestFiles(
  configFile: string,
  folder: ManifestFolder,
): Promise<ManifestFile[]> {
  const path = dirname(configFile)
  const entries = await folder.listFolder(path).catch((): readonly string[] => [])
  const names = entries
    .filter((name) => isYaml(name) && name !== basename(configFile))
    .toSorted()
    .slice(0, MAX_FILES)
  const files: ManifestFile[] = []
  for (const name of names) {
    const file = join(path, name)
    const bytes = await folder.readFile(file).catch(() => undefined)
    if (bytes !== undefined && Buffer.from(bytes).includes(MANIFEST_KIND))
      files.push({ file, bytes })
  }
  return files
}

/** Whether the name is one a manifest may have. */
export function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name)
}

/** Finds the manifests in files of one document or several; other kinds are left alone, broken files only get a note. */
export function findManifests(files: readonly ManifestFile[]): FoundManifests {
  const manifests: Manifest[] = []
  const notes: Problem[] = []
  for (const { file, bytes } of files) {
    for (const { document, problems } of parseYamlDocuments(bytes, file)) {
      const name = document && manifestName(document)
      if (document && name !== undefined) manifests.push({ name, document, problems })
      if (document && isListOfOurs(document)) notes.push(notRead(document))
      if (!document) notes.push(...problems.map((each) => ({ ...each, severity: 'note' as const })))
    }
  }
  return { manifests, notes }
}

/** The manifest a reference means; or why there is none. */
export function resolveReference(
  name: string,
  folder: string,
  { manifests, notes }: FoundManifests,
): Manifest | Pick<Finding, 'reason' | 'hint'> {
  const [found, second] = manifests.filter((manifest) => manifest.name === name)
  if (found && second) {
    const places = [found, second].map(({ document }) => placeOf(document)).join(' and ')
    return { reason: `"${name}" is defined twice: ${places}`, hint: 'remove one of the two' }
  }
  if (found) return found
  const names = manifests.map((manifest) => manifest.name)
  const meant = closest(name, names)
  const [broken] = notes
  const hint =
    meant !== undefined
      ? `did you mean "${meant}"?`
      : broken !== undefined
        ? `not readable: ${renderProblem(broken)}`
        : names.length > 0
          ? `there are ${names.join(', ')}`
          : `put its manifest beside the file, as a *.yaml of the kind ${MANIFEST_KIND}`
  return { reason: `there is no ${MANIFEST_KIND} "${name}" in ${folder}`, hint }
}

function placeOf(document: SourceDocument): string {
  const { line, column } = document.positionOf(['metadata', 'name'])
  return `${document.file}:${line}:${column}`
}

/** As `kubectl get -o yaml` writes them. */
function isListOfOurs({ value }: SourceDocument): boolean {
  const { kind, items } = value as Record<string, unknown>
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return false
  return items.some((item: unknown) => (item as { kind?: unknown } | null)?.kind === MANIFEST_KIND)
}

function notRead(document: SourceDocument): Problem {
  return {
    file: document.file,
    ...document.positionOf(['kind']),
    path: 'kind',
    reason: 'lists of manifests are not read',
    hint: 'make documents of its items, --- between them',
    severity: 'note',
  }
}

function manifestName({ value }: SourceDocument): string | undefined {
  const { kind, apiVersion, metadata } = value as Record<string, unknown>
  const isOurs = kind === MANIFEST_KIND && String(apiVersion).startsWith('toolhive.stacklok.dev/')
  const { name } = (metadata ?? {}) as { name?: unknown }
  return isOurs && typeof name === 'string' ? name : undefined
}
