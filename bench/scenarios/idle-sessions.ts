import { existsSync, readFileSync, rmSync } from 'node:fs'
import { BENCH_FOLDER, type Contestant } from '../contestants/contestant.ts'
import { startContestant, type Running } from '../contestants/running.ts'
import { short } from '../report/numbers.ts'
import type { Verdict } from '../report/verdict.ts'
import type { Bench, Section } from './section.ts'
import { explain } from './start-all.ts'

interface Memory {
  readonly rss: number
  readonly heapUsed: number
}

interface IdleResult {
  readonly name: string
  readonly count: number
  readonly baseRss: number
  readonly sessionRss: number
  readonly sessionHeap: number
  readonly streamRss: number
  readonly streamHeap: number
  readonly streams: number
}

const MEMORY_TIMEOUT_MS = 20_000
const SETTLE_MS = 1000
const WARM_SESSIONS = 1000

/** Memory per idle session, and per session with an open GET stream, after a forced collection. */
export function idleSessions(contestants: readonly Contestant[]): Section {
  return {
    name: 'sessions',
    async run(bench) {
      const results: IdleResult[] = []
      const problems: string[] = []
      for (const contestant of contestants) {
        bench.say(`idle sessions, ${contestant.name}`)
        try {
          results.push(await measure(contestant, bench))
        } catch (error) {
          problems.push(explain(error))
        }
      }
      for (const one of results) {
        if (one.streams < one.count) {
          problems.push(`${one.name}: only ${one.streams} of ${one.count} streams were opened`)
        }
      }
      return { tables: [toTable(results)], verdicts: results.flatMap(verdictsOf), problems }
    },
  }
}

async function measure(contestant: Contestant, bench: Bench): Promise<IdleResult> {
  const memoryFile = `${bench.fixtures.folder}/${contestant.name}-memory.jsonl`
  rmSync(memoryFile, { force: true })
  const measured: Contestant = {
    ...contestant,
    launch(port, fixtures) {
      const launch = contestant.launch!(port, fixtures)
      return { ...launch, env: { ...launch.env, BENCH_MEMORY_FILE: memoryFile } }
    },
  }
  const preload = ['--expose-gc', '--import', `${BENCH_FOLDER}measure/gc-on-signal.ts`]
  const running = await startContestant(measured, bench.fixtures, preload)
  try {
    return await measureRunning(running, memoryFile, bench)
  } finally {
    await bench.generator.idle({ step: 'close' })
    await running.stop()
  }
}

async function measureRunning(
  running: Running,
  memoryFile: string,
  bench: Bench,
): Promise<IdleResult> {
  const { endpoint, contestant } = running
  const count = contestant.name.startsWith('ours')
    ? bench.settings.idleSessions
    : Math.min(2000, bench.settings.idleSessions)
  // A thousand first, so that what is made once is not counted per session.
  await bench.generator.idle({ step: 'open', endpoint, count: WARM_SESSIONS })
  const base = await collected(running, memoryFile)
  const sessions = await bench.generator.idle({ step: 'open', endpoint, count })
  const idle = await collected(running, memoryFile)
  const streams = await bench.generator.idle({ step: 'stream', endpoint, sessions })
  const open = await collected(running, memoryFile)
  return {
    name: contestant.name,
    count,
    baseRss: base.rss,
    sessionRss: (idle.rss - base.rss) / count,
    sessionHeap: (idle.heapUsed - base.heapUsed) / count,
    streamRss: (open.rss - base.rss) / count,
    streamHeap: (open.heapUsed - base.heapUsed) / count,
    streams: streams.length,
  }
}

async function collected(running: Running, memoryFile: string): Promise<Memory> {
  await pause(SETTLE_MS)
  const before = linesOf(memoryFile).length
  process.kill(running.pid, 'SIGUSR2')
  const deadline = performance.now() + MEMORY_TIMEOUT_MS
  while (performance.now() < deadline) {
    const lines = linesOf(memoryFile)
    if (lines.length > before) return JSON.parse(lines.at(-1)!) as Memory
    await pause(20)
  }
  throw new Error(`${running.contestant.name} did not report its memory`)
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

function toTable(results: readonly IdleResult[]) {
  return {
    title: 'Memory per idle session',
    intro:
      'Sessions opened over 16 connections, which are then closed; then a GET stream for each. After forced collections; growth of ' +
      'the process divided by the sessions, a thousand others opened before. “With stream” is session and stream together.',
    columns: [
      'contestant',
      'sessions',
      'base RSS MiB',
      'KiB/session',
      'of it heap',
      'KiB with stream',
      'of it heap',
    ],
    rows: results.map((one) => [
      one.name,
      String(one.count),
      short(one.baseRss / 1024 / 1024),
      ...[one.sessionRss, one.sessionHeap, one.streamRss, one.streamHeap].map((bytes) =>
        short(bytes / 1024),
      ),
    ]),
  }
}

function verdictsOf(one: IdleResult): Verdict[] {
  if (!one.name.startsWith('ours')) return []
  return [
    {
      what: `${one.count} idle sessions, each`,
      wanted: 6,
      unit: 'KiB',
      measured: one.sessionRss / 1024,
    },
    {
      what: 'the same with an open stream, each',
      wanted: 16,
      unit: 'KiB',
      measured: one.streamRss / 1024,
    },
  ]
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
