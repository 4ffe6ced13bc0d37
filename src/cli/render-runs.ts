import type { QuestionView, RunDetailsView, RunView, StepView } from '../api/run-views.ts'

const BAR = 24

/** Runs as a table, one a line. */
export function renderRuns(runs: readonly RunView[]): string[] {
  if (runs.length === 0) return ['No runs.']
  return toTable([
    ['RUN', 'TOOL', 'STATUS', 'STARTED', 'TOOK', 'WHY'],
    ...runs.map((run) => [
      run.id,
      run.workflow,
      run.status,
      moment(run.startedAt),
      duration(run.durationMs),
      run.error === undefined ? '' : oneLine(run.error),
    ]),
  ])
}

/** One run with the timeline of its steps. */
export function renderRun(run: RunDetailsView): string[] {
  const { id, workflow, status, durationMs, startedAt, owner, deadline, error } = run
  const running = status === 'running' || status === 'waiting'
  const lines = [
    `${workflow}  ${status} ${running ? 'for' : 'after'} ${duration(durationMs)}`,
    `  run      ${id}`,
    `  started  ${moment(startedAt)}`,
    `  gateway  ${owner}`,
  ]
  if (running && deadline !== undefined) lines.push(`  ends by  ${moment(deadline)}`)
  if (error !== undefined) lines.push(`  error    ${oneLine(error)}`)
  const rows = run.steps.map((step) => stepRow(step, durationMs))
  return [
    ...lines,
    '',
    ...toTable([['STEP', 'WHAT', 'STATUS', 'START', 'TOOK', 'TRIES', 'SIZE', ''], ...rows]),
    ...run.steps.flatMap(({ step, error: why }) =>
      why === undefined ? [] : ['', `${step}: ${oneLine(why)}`],
    ),
    ...(run.questions ?? []).flatMap((each) => questionLines(id, each)),
  ]
}

function questionLines(run: string, { question, message, schema }: QuestionView): string[] {
  return [
    '',
    `${question} asks: ${oneLine(String(message))}`,
    `  an answer fits ${JSON.stringify(schema)}`,
    `  thv workflow answer ${run} --question ${question} --accept '{…}'   (or --decline, --cancel)`,
  ]
}

/** One event of a run as a line. */
export function renderEvent(name: string, data: Readonly<Record<string, unknown>>): string {
  const { step, tool, iteration, status, tries, durationMs, error, delayMs, action } = data
  const parts = [
    name.replace('-', ' '),
    ...(typeof step === 'string' ? [step] : []),
    ...(typeof iteration === 'number' ? [`#${iteration}`] : []),
    ...(typeof tool === 'string' ? [`(${tool})`] : []),
    ...(typeof status === 'string' ? [status] : []),
    ...(typeof action === 'string' ? [action] : []),
    ...(typeof durationMs === 'number' ? [`after ${duration(durationMs)}`] : []),
    ...(typeof tries === 'number' && tries > 1 ? [`in ${tries} tries`] : []),
    ...(typeof delayMs === 'number' ? [`in ${duration(delayMs)}`] : []),
    ...(typeof error === 'string' ? [`– ${oneLine(error)}`] : []),
  ]
  return parts.join(' ')
}

function stepRow(step: StepView, runMs: number): string[] {
  const { iterations, startedMs, durationMs } = step
  const what =
    iterations === undefined ? (step.tool ?? 'asks the caller') : loopOf(step.tool, iterations)
  return [
    step.step,
    what,
    step.status,
    startedMs === undefined ? '' : `+${duration(startedMs)}`,
    durationMs === undefined ? '' : duration(durationMs),
    step.tries === 0 ? '' : String(step.tries),
    step.outputBytes === 0 ? '' : size(step.outputBytes),
    bar(startedMs, durationMs, runMs),
  ]
}

function loopOf(
  tool: string | undefined,
  { count, failed, unknown }: NonNullable<StepView['iterations']>,
): string {
  const bad = [
    ...(failed > 0 ? [`, ${failed} failed`] : []),
    ...(unknown > 0 ? [`, ${unknown} unknown`] : []),
  ]
  return `${tool ?? ''} ×${count}${bad.join('')}`
}

/** Where in the time of the run the step was. */
function bar(startedMs: number | undefined, durationMs: number | undefined, runMs: number): string {
  if (startedMs === undefined || durationMs === undefined || runMs <= 0) return ''
  const from = Math.min(BAR - 1, Math.floor((startedMs / runMs) * BAR))
  const until = Math.min(
    BAR,
    Math.max(from + 1, Math.round(((startedMs + durationMs) / runMs) * BAR)),
  )
  return '·'.repeat(from) + '█'.repeat(until - from) + '·'.repeat(BAR - until)
}

/** RFC 3339 for people: to the second. */
function moment(time: string): string {
  return time.replace('T', ' ').replace(/\.\d+Z$/, 'Z')
}

function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)}s`
  const minutes = Math.floor(ms / 60_000)
  const seconds = Math.floor((ms % 60_000) / 1000)
  return minutes < 60 ? `${minutes}m${seconds}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m`
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 * 1024
    ? `${(bytes / 1024).toFixed(1)} KiB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > 160 ? `${line.slice(0, 159)}…` : line
}

function toTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
