import { closest } from '../../base/edit-distance.ts'
import type { Report } from '../../schema/cross-check.ts'
import { mapOf } from './map-of.ts'

type Path = (string | number)[]
type Loose = Record<string, unknown>

/** Checks what holds between the sections of a vMCP file. Any part may still be wrong in itself. */
export function checkSections(file: Loose, report: Report): void {
  const names = backendNames(file)
  checkRepeatedNames(names, report)
  if (names.length > 0) checkBackendReferences(file, names, report)
  checkHeaders(file, report)
  checkStdioHeaders(file, report)
  checkPerUserLimits(file, report)
  checkRefs(file, report)
  checkCluster(file, report)
}

/** Replicas meet in a store that they share; without a provider each gateway has one of its own. */
function checkCluster(file: Loose, report: Report): void {
  const { cluster } = file
  if (cluster === undefined || mapOf(cluster)['enabled'] === false) return
  const { provider } = mapOf(file['sessionStorage'])
  if (provider !== undefined && provider !== 'memory') return
  const hint = 'set it to redis, or to sqlite with one file for all on one machine'
  report(['cluster'], 'has no effect without a shared sessionStorage.provider', hint)
}

function backendNames(file: Loose): unknown[] {
  return listOf(file['backends']).map((backend) => mapOf(backend)['name'])
}

function checkRepeatedNames(names: unknown[], report: Report): void {
  for (const [index, name] of names.entries()) {
    if (typeof name !== 'string' || names.indexOf(name) === index) continue
    report(['backends', index, 'name'], `there is already a backend "${name}"`)
  }
}

/** With backends in the file, every name of a backend elsewhere in it must be one of them. */
function checkBackendReferences(file: Loose, names: unknown[], report: Report): void {
  const known = names.filter((name) => typeof name === 'string')
  for (const [name, path] of backendReferences(file)) {
    if (typeof name !== 'string' || known.includes(name)) continue
    const meant = closest(name, known)
    const hint = meant === undefined ? `backends: ${known.join(', ')}` : `did you mean "${meant}"?`
    report(path, `there is no backend "${name}"`, hint)
  }
}

function backendReferences(file: Loose): [name: unknown, path: Path][] {
  const aggregation = mapOf(file['aggregation'])
  const order = listOf(mapOf(aggregation['conflictResolutionConfig'])['priorityOrder'])
  const timeouts = mapOf(mapOf(file['operational'])['timeouts'])
  const concurrency = mapOf(mapOf(file['operational'])['concurrency'])
  const outgoing = mapOf(mapOf(file['outgoingAuth'])['backends'])
  return [
    ...listOf(aggregation['tools']).map((tool, index): [unknown, Path] => [
      mapOf(tool)['workload'],
      ['aggregation', 'tools', index, 'workload'],
    ]),
    ...order.map((name, index): [unknown, Path] => [
      name,
      ['aggregation', 'conflictResolutionConfig', 'priorityOrder', index],
    ]),
    ...Object.keys(mapOf(timeouts['perWorkload'] ?? timeouts['perWorkloadMs'])).map(
      (name): [unknown, Path] => [name, ['operational', 'timeouts', 'perWorkload', name]],
    ),
    ...Object.keys(mapOf(concurrency['perWorkload'])).map((name): [unknown, Path] => [
      name,
      ['operational', 'concurrency', 'perWorkload', name],
    ]),
    ...Object.keys(outgoing).map((name): [unknown, Path] => [
      name,
      ['outgoingAuth', 'backends', name],
    ]),
  ]
}

function checkHeaders(file: Loose, report: Report): void {
  const passed = listOf(file['passthroughHeaders']).map((name) => String(name).toLowerCase())
  for (const [index, backend] of listOf(file['backends']).entries()) {
    for (const name of Object.keys(mapOf(mapOf(backend)['headers']))) {
      if (!passed.includes(name.toLowerCase())) continue
      report(
        ['passthroughHeaders', passed.indexOf(name.toLowerCase())],
        `"${name}" is also a static header of backends[${index}]`,
        'keep one of the two',
      )
    }
  }
}

/** A stdio backend takes no headers, so a credential for it would go nowhere. */
function checkStdioHeaders(file: Loose, report: Report): void {
  const outgoing = mapOf(mapOf(file['outgoingAuth'])['backends'])
  for (const backend of listOf(file['backends'])) {
    const { name, target } = mapOf(backend)
    if (mapOf(target)['kind'] !== 'stdio' || typeof name !== 'string') continue
    const type = Object.hasOwn(outgoing, name) ? mapOf(outgoing[name])['type'] : undefined
    if (type === undefined || type === 'unauthenticated') continue
    report(
      ['outgoingAuth', 'backends', name, 'type'],
      `"${typeof type === 'string' ? type : 'this'}" has no effect on a stdio backend`,
      `give the credential in the env of backend "${name}"`,
    )
  }
}

function checkPerUserLimits(file: Loose, report: Report): void {
  const type = mapOf(file['incomingAuth'])['type']
  if (type !== 'anonymous' && type !== 'local') return
  const limits = mapOf(file['rateLimiting'])
  const reason = `needs callers who can be told apart, but incomingAuth.type is ${type}`
  if (limits['perUser'] !== undefined) report(['rateLimiting', 'perUser'], reason)
  for (const [index, tool] of listOf(limits['tools']).entries()) {
    if (mapOf(tool)['perUser'] === undefined) continue
    report(['rateLimiting', 'tools', index, 'perUser'], reason)
  }
}

function checkRefs(file: Loose, report: Report): void {
  const names = listOf(file['compositeToolRefs']).map((ref) => mapOf(ref)['name'])
  for (const [index, name] of names.entries()) {
    if (typeof name !== 'string' || names.indexOf(name) === index) continue
    report(['compositeToolRefs', index, 'name'], `"${name}" is there twice`)
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
