import type { z } from 'zod'
import { checkWithSchema, type Checked } from '../schema/check-with-schema.ts'
import { locate } from '../schema/finding.ts'
import { parseYamlFile } from '../schema/parse-yaml-file.ts'
import { byPosition, renderPath, type Problem } from '../schema/problem.ts'
import type { SourceDocument } from '../schema/source-document.ts'
import { aggregationRemarks } from './config/aggregation-remarks.ts'
import type { CompositeTool } from './config/composite-tools.ts'
import { readConfigSource, type ConfigSource } from './config/config-source.ts'
import { deepFreeze } from './config/deep-freeze.ts'
import { findUnsupported } from './config/find-unsupported.ts'
import { manifestInstead } from './config/manifest-instead.ts'
import type { ManifestFile, ManifestFolder } from './config/manifests.ts'
import { checkEnvFields, resolveHeaderValues, type Env } from './config/resolve-env.ts'
import { vmcpFile, type VmcpConfig } from './config/vmcp-config.ts'

export type { VmcpConfig } from './config/vmcp-config.ts'
export type { ConfigSource } from './config/config-source.ts'

/** What loading a vMCP file needs of the world. */
export interface LoadOptions extends ManifestFolder {
  readonly env: Env
}

/** The configuration, unless there are problems of severity `error`. Warnings and notes may come with a configuration. */
export interface LoadedVmcpConfig {
  readonly config?: VmcpConfig
  readonly problems: readonly Problem[]
  /** What it was read from. */
  readonly source?: ConfigSource
  /** True when the file could not even be read, or is no YAML. */
  readonly unreadable?: boolean
}

/**
 * Loads a vMCP file, with the manifests beside it that it refers to. `validate`, `serve` and hot reload all come through
 * here, so what one accepts the others accept. All mistakes are reported at once, file by file in their order.
 */
export async function loadVmcpConfig(
  file: string,
  options: LoadOptions,
): Promise<LoadedVmcpConfig> {
  let source: ConfigSource
  try {
    source = await readConfigSource(file, options)
  } catch (error) {
    return { problems: [unreadable(file, error)], unreadable: true }
  }
  const { bytes, manifests } = source
  return { ...(await parseVmcpConfig(bytes, file, options.env, manifests)), source }
}

/**
 * The same for text that is at hand. `file` is only the name in messages.
 * @param manifests Where references are looked up; undefined = they are not followed.
 */
export async function parseVmcpConfig(
  bytes: Uint8Array | string,
  file: string,
  env: Env,
  manifests?: readonly ManifestFile[],
): Promise<LoadedVmcpConfig> {
  const parsed = parseYamlFile(bytes, file)
  const { document } = parsed
  if (!document) return { problems: parsed.problems, unreadable: true }
  const manifest = manifestInstead(document.value)
  if (manifest) return { problems: [...parsed.problems, locate(manifest, document)] }
  const checked = checkWithSchema(vmcpFile, document)
  const composites = await loadComposites(checked, document, manifests)
  const problems = [
    ...parsed.problems,
    ...(checked.ok ? [] : checked.problems),
    ...checkEnvFields(document.value, env).map((finding) =>
      problemAt(document, finding.path, finding.reason, 'error', 'set it, or name another'),
    ),
    ...composites.problems,
    ...(checked.ok ? aggregationRemarks(checked.value, document.value) : []).map((finding) =>
      locate(finding, document),
    ),
  ].toSorted((a, b) => byFile(a, b, file) || byPosition(a, b))
  if (!checked.ok || problems.some(({ severity }) => severity === 'error')) return { problems }
  const config = toConfig(checked.value, document, env)
  return {
    config: { ...config, composites: composites.tools, remarks: problems },
    problems: [...problems, ...config.unsupported],
  }
}

/** Composite tools need what most files do not, so it is loaded only for them. */
async function loadComposites(
  checked: Checked<z.output<typeof vmcpFile>>,
  document: SourceDocument,
  manifests: readonly ManifestFile[] | undefined,
): Promise<{ tools: readonly CompositeTool[]; problems: readonly Problem[] }> {
  const { compositeTools, compositeToolRefs } = (checked.input ?? {}) as Record<string, unknown>
  if (compositeTools === undefined && compositeToolRefs === undefined) {
    return { tools: [], problems: [] }
  }
  const { loadCompositeTools } = await import('./config/load-composite-tools.ts')
  return loadCompositeTools(checked, document, manifests)
}

function toConfig(
  file: z.output<typeof vmcpFile>,
  document: SourceDocument,
  env: Env,
): Omit<VmcpConfig, 'composites' | 'remarks'> {
  const unsupported = findUnsupported(file).map(({ path, feature }) =>
    problemAt(document, path, `${feature}: valid, but not available in this version yet`, 'note'),
  )
  const outgoingAuth = resolveHeaderValues(file.outgoingAuth, env)
  return deepFreeze({
    ...file,
    outgoingAuth,
    unsupported,
    problemAt: problemAt.bind(undefined, document),
  }) as Omit<VmcpConfig, 'composites' | 'remarks'>
}

/** The configuration itself first, then the manifests by name. */
function byFile(a: Problem, b: Problem, first: string): number {
  if (a.file === b.file) return 0
  if (a.file === first || b.file === first) return a.file === first ? -1 : 1
  return a.file < b.file ? -1 : 1
}

function problemAt(
  document: SourceDocument,
  path: readonly PropertyKey[],
  reason: string,
  severity: Problem['severity'],
  hint?: string,
): Problem {
  const position = document.positionOf(path)
  const base = { file: document.file, ...position, path: renderPath(path), reason, severity }
  return hint === undefined ? base : { ...base, hint }
}

const FILE_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a folder, not a file',
}

function unreadable(file: string, error: unknown): Problem {
  const code = (error as { code?: string }).code ?? ''
  const reason = FILE_REASONS[code] ?? `cannot be read: ${String(error)}`
  return { file, line: 1, column: 1, path: '', reason, severity: 'error' }
}
