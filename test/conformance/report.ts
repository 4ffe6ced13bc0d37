import type { ClientCell } from './client-cells.ts'
import type { JudgedLoss } from './expectations.ts'
import type { Cell, Score } from './server-cells.ts'

/** The page `docs/reference/conformance.md`; the same input gives the same text. */
export function renderReport(cells: readonly Cell[], clients: readonly ClientCell[]): string {
  const sections = [
    HEAD,
    '## Servers behind the gateway',
    SERVERS,
    table(
      [
        'Backend',
        'Client speaks',
        'Direct: scored',
        'Direct: checks',
        'Through: scored',
        'Through: checks',
        'Checks lost',
      ],
      cells.map((cell) => [
        NAMES[cell.variant],
        cell.set,
        ...scoreColumns(cell.direct),
        ...scoreColumns(cell.gateway),
        String(cell.losses.length),
      ]),
    ),
    '## Clients through the gateway',
    CLIENTS,
    table(
      [
        'Revision',
        'Direct: scored',
        'Direct: checks',
        'Through: scored',
        'Through: checks',
        'Checks lost',
      ],
      clients.map((cell) => [
        cell.set,
        ...scoreColumns(cell.direct),
        ...scoreColumns(cell.gateway),
        String(cell.losses.length),
      ]),
    ),
    ...clients.map(notRun),
    '## Lost checks',
    LOSSES,
    ...cells.map((cell) => lossSection(`${NAMES[cell.variant]}, client ${cell.set}`, cell.losses)),
    ...clients.map((cell) => lossSection(`Client suite ${cell.set}`, cell.losses)),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

const NAMES: Readonly<Record<Cell['variant'], string>> = {
  'http-dual': 'HTTP, both eras',
  'http-legacy': 'HTTP, 2025-11-25 only',
  'http-modern': 'HTTP, 2026-07-28 only',
  'stdio-legacy': 'stdio, 2025-11-25',
  'stdio-modern': 'stdio, 2026-07-28',
  sse: 'HTTP+SSE, 2024-11-05 transport',
}

const HEAD = `# Conformance

Written by \`npm run conformance\`; do not edit. The command fails if a check is lost that
\`test/conformance/expected-failures.json\` does not name, or if that file names one that is not lost any more.

The measure is the official suite (\`@modelcontextprotocol/conformance\`, pinned in the lock file) with the frozen
requirement sets of both revisions. "Scored" counts the scenarios a revision requires; "checks" counts every check that
passed and failed, those of unscored scenarios (extensions, pending ones) included.`

const SERVERS = `The backend is a fixture of our own on the official SDK (\`test/fixtures/conformance/\`) with one of everything. The
gateway has it as its only backend, without a prefix, without authentication. A check is lost if the fixture that speaks
both eras passes it directly and it does not pass through the gateway: so a backend of one era is measured by what the
other era's client could expect of a server of its own era. Over stdio and SSE the suite cannot run directly.`

const CLIENTS = `The suite's mock server is the gateway's backend and a client on the official SDK plays the scenario against the
gateway. What the mock server sees is then the gateway's client side.`

const LOSSES = `Each with the reason why it cannot pass.`

function scoreColumns(score: Score | undefined): [string, string] {
  if (!score) return ['–', '–']
  return [`${score.scored}/${score.of}`, `${score.passed} passed, ${score.failed} failed`]
}

function notRun(cell: ClientCell): string {
  if (cell.notRun.length === 0) return ''
  const auth = cell.notRun.filter((name) => name.startsWith('auth/'))
  const other = cell.notRun.filter((name) => !name.startsWith('auth/'))
  const why = `${auth.length} \`auth/*\` scenarios of ${cell.set} are not run: the gateway as an OAuth client is a later issue.`
  return other.length === 0 ? why : `${why} Not run either: ${other.join(', ')}.`
}

function lossSection(title: string, losses: readonly JudgedLoss[]): string {
  if (losses.length === 0) return ''
  const byReason = new Map<string, string[]>()
  for (const { check, gateway, reason = '**not expected**' } of losses) {
    const list = byReason.get(reason) ?? []
    list.push(`  - \`${check}\` (${gateway.toLowerCase()})`)
    byReason.set(reason, list)
  }
  const groups = [...byReason].map(([reason, list]) => `- ${reason}\n${list.join('\n')}`)
  return `### ${title}\n\n${groups.join('\n')}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
