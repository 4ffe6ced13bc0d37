/** What a list_changed notification can be about. */
export type ListKind = 'tools' | 'resources' | 'prompts'

export const LIST_KINDS: readonly ListKind[] = ['tools', 'resources', 'prompts']

/** `notifications/tools/list_changed` → `tools`; undefined for any other method. */
export function listKindOf(method: string): ListKind | undefined {
  return LIST_KINDS.find((kind) => method === `notifications/${kind}/list_changed`)
}
