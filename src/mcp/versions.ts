/** Legacy: `initialize` and sessions. Modern: every request stands alone. */
export type Era = 'legacy' | 'modern'

export type ProtocolVersion =
  | '2024-11-05'
  | '2025-03-26'
  | '2025-06-18'
  | '2025-11-25'
  | '2026-07-28'

interface VersionRow {
  era: Era
  /** Position in time; compare these, never the names. */
  rank: number
  /** JSON-RPC batches exist in this revision. */
  batches: boolean
}

/** All revisions we speak. Adding one is adding a row. */
export const VERSIONS: Readonly<Record<ProtocolVersion, VersionRow>> = {
  '2024-11-05': { era: 'legacy', rank: 1, batches: false },
  '2025-03-26': { era: 'legacy', rank: 2, batches: true },
  '2025-06-18': { era: 'legacy', rank: 3, batches: false },
  '2025-11-25': { era: 'legacy', rank: 4, batches: false },
  '2026-07-28': { era: 'modern', rank: 5, batches: false },
}

/** The newest version of each era: what we offer first. */
export const LATEST_LEGACY: ProtocolVersion = '2025-11-25'
export const LATEST_MODERN: ProtocolVersion = '2026-07-28'

export const MODERN_VERSIONS: readonly ProtocolVersion[] = versionsOf('modern')
export const LEGACY_VERSIONS: readonly ProtocolVersion[] = versionsOf('legacy')
/** Newest first: the order of `supportedVersions` in `server/discover`. */
export const ALL_VERSIONS: readonly ProtocolVersion[] = [...MODERN_VERSIONS, ...LEGACY_VERSIONS]

export function isKnownVersion(version: unknown): version is ProtocolVersion {
  return typeof version === 'string' && Object.hasOwn(VERSIONS, version)
}

/** True if `version` is `since` or a later revision. */
export function isAtLeast(version: ProtocolVersion, since: ProtocolVersion): boolean {
  return VERSIONS[version].rank >= VERSIONS[since].rank
}

/** The version `initialize` answers with: the asked one if we speak it, else our newest legacy one. */
export function negotiateLegacy(requested: unknown): ProtocolVersion {
  return isKnownVersion(requested) && VERSIONS[requested].era === 'legacy'
    ? requested
    : LATEST_LEGACY
}

function versionsOf(era: Era): ProtocolVersion[] {
  return (Object.keys(VERSIONS) as ProtocolVersion[])
    .filter((version) => VERSIONS[version].era === era)
    .sort((a, b) => VERSIONS[b].rank - VERSIONS[a].rank)
}
