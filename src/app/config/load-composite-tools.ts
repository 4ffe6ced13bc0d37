import { dirname } from 'node:path'
import type { z } from 'zod'
import { checkWithSchema, type Checked } from '../../schema/check-with-schema.ts'
import { locate } from '../../schema/finding.ts'
import type { Problem } from '../../schema/problem.ts'
import type { SourceDocument } from '../../schema/source-document.ts'
import { compositeToolManifest } from '../../workflow/config.ts'
import type { CallTimeout } from '../../workflow/time-budget.ts'
import { mayBeOfBackend } from './backend-names.ts'
import { compileTools, type CompositeTool, type WrittenTool } from './composite-tools.ts'
import { findManifests, resolveReference, type ManifestFile } from './manifests.ts'
import { distributionNotes } from './distribution-notes.ts'
import type { vmcpFile } from './vmcp-config.ts'

/**
 * The composite tools of a vMCP file: those in the file, then those it refers to. Problems beyond what the schema of the file
 * found: of templates, steps, schemas and times, and everything about manifests.
 */
export function loadCompositeTools(
  checked: Checked<z.output<typeof vmcpFile>>,
  document: SourceDocument,
  manifestFiles: readonly ManifestFile[] | undefined,
): { tools: CompositeTool[]; problems: Problem[] } {
  const inline = inlineTools(checked, document)
  const referred =
    manifestFiles === undefined
      ? { tools: [], problems: [] }
      : referredTools(checked.input, document, manifestFiles, inline)
  const compiled = compileTools(
    [...inline, ...referred.tools],
    callTimeouts(checked),
    mayBeOfBackend(checked.input),
  )
  const notes = checked.ok ? distributionNotes(compiled.tools, checked.value) : []
  return { tools: compiled.tools, problems: [...referred.problems, ...compiled.problems, ...notes] }
}

function inlineTools(
  checked: Checked<z.output<typeof vmcpFile>>,
  document: SourceDocument,
): WrittenTool[] {
  const { compositeTools } = checked.input as { compositeTools?: unknown }
  return listOf(compositeTools).map((input, index) => {
    const path = ['compositeTools', index]
    const config = checked.ok ? checked.value.compositeTools[index] : undefined
    return { document, path, input, config, named: { document, path: [...path, 'name'] } }
  })
}

function referredTools(
  file: unknown,
  document: SourceDocument,
  manifestFiles: readonly ManifestFile[],
  inline: readonly WrittenTool[],
): { tools: WrittenTool[]; problems: Problem[] } {
  const found = findManifests(manifestFiles)
  const tools: WrittenTool[] = []
  const problems: Problem[] = []
  const { compositeToolRefs } = file as { compositeToolRefs?: unknown }
  for (const [index, reference] of listOf(compositeToolRefs).entries()) {
    const name = nameOf(reference)
    if (name === undefined) continue
    const path = ['compositeToolRefs', index, 'name']
    const resolved = resolveReference(name, dirname(document.file), found)
    if ('document' in resolved) {
      const checked = checkWithSchema(compositeToolManifest, resolved.document)
      problems.push(...resolved.problems, ...(checked.ok ? [] : checked.problems))
      tools.push({
        document: resolved.document,
        path: ['spec'],
        input: (checked.input as { spec?: unknown }).spec,
        config: checked.ok ? checked.value.spec : undefined,
        named: { document, path },
      })
    } else if (!inline.some(({ input }) => nameOf(input) === name)) {
      // The operator puts what is referred to into the file, and may leave the reference there.
      problems.push(locate({ path, ...resolved }, document))
    }
  }
  return { tools, problems: compositeToolRefs === undefined ? [] : [...problems, ...found.notes] }
}

function callTimeouts(checked: Checked<z.output<typeof vmcpFile>>): CallTimeout {
  if (!checked.ok) return () => DEFAULT_CALL_TIMEOUT_MS
  const { backends, operational } = checked.value
  const { defaultMs, perWorkloadMs } = operational.timeouts
  const own = new Map<string, number | undefined>(Object.entries(perWorkloadMs))
  for (const { name, timeouts } of backends) {
    if (timeouts.idleMs !== undefined) own.set(name, timeouts.idleMs)
  }
  return (tool) => {
    const backend = [...own.keys()].find((name) => /^[._]/.test(behind(tool, name)))
    return (backend === undefined ? undefined : own.get(backend)) ?? defaultMs
  }
}

function behind(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : ''
}

const DEFAULT_CALL_TIMEOUT_MS = 30_000

function nameOf(value: unknown): string | undefined {
  const { name } = (typeof value === 'object' && value !== null ? value : {}) as { name?: unknown }
  return typeof name === 'string' ? name : undefined
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
