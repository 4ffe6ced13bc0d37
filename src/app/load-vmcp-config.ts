import type { z } from 'zod'
import { checkWithSchema } from '../schema/check-with-schema.ts'
import { parseYamlFile } from '../schema/parse-yaml-file.ts'
import { byPosition, renderPath, type Problem } from '../schema/problem.ts'
import type { SourceDocument } from '../schema/source-document.ts'
import { deepFreeze } from './config/deep-freeze.ts'
import { findUnsupported } from './config/find-unsupported.ts'
import { checkEnvFields, resolveHeaderValues, type Env } from './config/resolve-env.ts'
import { vmcpFile, type VmcpConfig } from './config/vmcp-config.ts'

export type { VmcpConfig } from './config/vmcp-config.ts'

/** What loading a vMCP file needs of the world. */
export interface LoadOptions {
  readFile(file: string): Promise<Uint8Array>
  readonly env: Env
}

/** The configuration, unless there are problems of severity `error`. Notes may come with a configuration. */
export interface LoadedVmcpConfig {
  readonly config?: VmcpConfig
  readonly problems: readonly Problem[]
  /** The text it was read from. */
  readonly source?: Uint8Array
  /** True when the file could not even be read, or is no YAML. */
  readonly unreadable?: boolean
}

/**
 * Loads a vMCP file. `validate`, `serve` and hot reload all come through here, so what one accepts the others accept. All
 * mistakes are reported at once, in the order of the file.
 */
export async function loadVmcpConfig(
  file: string,
  options: LoadOptions,
): Promise<LoadedVmcpConfig> {
  let bytes: Uint8Array
  try {
    bytes = await options.readFile(file)
  } catch (error) {
    return { problems: [unreadable(file, error)], unreadable: true }
  }
  return { ...parseVmcpConfig(bytes, file, options.env), source: bytes }
}

/** The same for text that is at hand. `file` is only the name in messages. */
export function parseVmcpConfig(
  bytes: Uint8Array | string,
  file: string,
  env: Env,
): LoadedVmcpConfig {
  const parsed = parseYamlFile(bytes, file)
  const { document } = parsed
  if (!document) return { problems: parsed.problems, unreadable: true }
  const checked = checkWithSchema(vmcpFile, document)
  const problems = [
    ...parsed.problems,
    ...(checked.ok ? [] : checked.problems),
    ...checkEnvFields(document.value, env).map((finding) =>
      problemAt(document, finding.path, finding.reason, 'error', 'set it, or name another'),
    ),
  ].toSorted(byPosition)
  if (!checked.ok || problems.length > 0) return { problems }
  const config = toConfig(checked.value, document, env)
  return { config, problems: config.unsupported }
}

function toConfig(file: z.output<typeof vmcpFile>, document: SourceDocument, env: Env): VmcpConfig {
  const unsupported = findUnsupported(file).map(({ path, feature }) =>
    problemAt(document, path, `${feature}: valid, but not available in this version yet`, 'note'),
  )
  const outgoingAuth = resolveHeaderValues(file.outgoingAuth, env)
  return deepFreeze({
    ...file,
    outgoingAuth,
    unsupported,
    problemAt: problemAt.bind(undefined, document),
  }) as VmcpConfig
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
