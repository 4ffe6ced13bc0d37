import { createHash } from 'node:crypto'
import type { BuildReport } from './report.ts'

/** Several clients refuse tool names that are longer. */
const COMMON_LIMIT = 64
const ALLOWED = /^[A-Za-z0-9_.-]{1,128}$/
const HASH_LENGTH = 8

/** The final name: shortened if it is longer than `maxLength`, with a note where clients may refuse what they see. */
export function withinLimits(
  name: string,
  { backend, visible }: { readonly backend: string; readonly visible: boolean },
  maxLength: number | undefined,
  report: BuildReport,
): string {
  const final =
    maxLength !== undefined && name.length > maxLength ? shortened(name, maxLength) : name
  if (final !== name) {
    report.note(
      'name-shortened',
      name,
      [backend],
      `Tool "${name}" is shown as "${final}" (limit ${maxLength})`,
    )
  } else if (visible && name.length > COMMON_LIMIT) {
    report.note(
      'name-too-long',
      name,
      [backend],
      `Tool "${name}" has ${name.length} characters; some clients refuse more than ${COMMON_LIMIT}`,
    )
  }
  if (visible && !ALLOWED.test(final)) {
    report.note(
      'name-characters',
      final,
      [backend],
      `Tool "${final}" has characters outside A-Z a-z 0-9 _ . -; some clients refuse it`,
    )
  }
  return final
}

function shortened(name: string, maxLength: number): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH)
  return `${name.slice(0, Math.max(0, maxLength - HASH_LENGTH - 1))}_${hash}`
}
