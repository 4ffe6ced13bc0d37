import type { Finding } from '../../schema/finding.ts'
import { MANIFEST_KIND } from '../../workflow/config.ts'

const GROUP = /^toolhive\.stacklok\.dev\//

/** What to tell somebody who gives a manifest of Kubernetes where a vMCP file is wanted; undefined for all else. */
export function manifestInstead(value: unknown): Finding | undefined {
  const { apiVersion, kind } = (value ?? {}) as { apiVersion?: unknown; kind?: unknown }
  if (typeof kind !== 'string' || typeof apiVersion !== 'string' || !GROUP.test(apiVersion)) {
    return undefined
  }
  const reason = `${kind} is a manifest of Kubernetes, and a vMCP file is wanted here`
  const hint = HINTS[kind]
  return { path: ['kind'], reason, ...(hint === undefined ? {} : { hint }) }
}

const HINTS: Readonly<Record<string, string>> = {
  [MANIFEST_KIND]: 'name it under compositeToolRefs of a vMCP file in the same folder',
  VirtualMCPServer: 'what stands under spec.config is one',
}
