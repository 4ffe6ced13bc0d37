import { isJsonObject } from '../../base/json.ts'
import type { ToolOverride } from '../config.ts'
import type { ToolDefinition } from './offer.ts'

/**
 * A tool with its override applied (vmcp 3.3): what the override does not say stays as the backend says it. A replaced
 * title also replaces the tool's own `title`, which clients show first.
 */
export function applyOverride(
  tool: ToolDefinition,
  override: ToolOverride | undefined,
): ToolDefinition {
  if (override === undefined) return tool
  const changed: ToolDefinition = { ...tool }
  if (override.name !== undefined) changed.name = override.name
  if (override.description !== undefined) changed['description'] = override.description
  if (override.annotations !== undefined) {
    const said = Object.entries(override.annotations).filter(([, value]) => value !== undefined)
    const before = tool['annotations']
    changed['annotations'] = {
      ...(isJsonObject(before) ? before : {}),
      ...Object.fromEntries(said),
    }
    const title = override.annotations.title
    if (title !== undefined && tool['title'] !== undefined) changed['title'] = title
  }
  return changed
}
