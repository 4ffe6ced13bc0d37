import { setTimeout as sleep } from 'node:timers/promises'
import { createLegacyCaller, createModernCaller } from './raw-caller.ts'
import { createSdkCaller } from './sdk-caller.ts'
import { figuresOf, type CallRecord, type Fault, type Figures } from './figures.ts'
import { openGround, type Ground, type GroundOptions } from './ground.ts'
import { startLoad } from './load.ts'
import type { Caller } from './wire.ts'

/** What a scenario does while the clients work. */
export interface Play {
  readonly ground: Ground
  /** Says that something is being done to the fleet now. */
  fault(what: string): void
  /** Calls of clients that have ended. */
  readonly records: readonly CallRecord[]
  /** Calls a tool as another modern client, with a key; it counts like the calls of the others. Never rejects. */
  call(client: string, tool: string, args: Readonly<Record<string, unknown>>): Promise<void>
  /** An answer that a check of the scenario found to be untrue, or something done that must not be. */
  wrong(what: string): void
  /** Stands in the report. */
  note(what: string): void
}

export interface Outcome {
  readonly figures: Figures
  readonly notes: readonly string[]
}

export interface Scenario {
  /** For `--only`. */
  readonly name: string
  readonly title: string
  readonly ground?: GroundOptions
  /** It shows what happens beyond what is promised: whatever it finds does not fail the run. */
  readonly isBeyond?: boolean
  /** Extra time for what was disturbed to settle, milliseconds. */
  readonly settleMs?: number
  act(play: Play): Promise<void>
  /** After the clients have ended, with the fleet still there. */
  check?(play: Play): Promise<void>
}

const WARM_MS = 3_000
const SETTLE_MS = 3_000
const PAUSE_MS = 150

/** Starts a fleet and clients, lets the scenario act, and counts. */
export async function runScenario(scenario: Scenario, logFolder: string): Promise<Outcome> {
  await using ground = await openGround(scenario.ground)
  const load = await startLoad({ callers: callersFor(ground.balancer.url), pauseMs: PAUSE_MS })
  const faults: Fault[] = []
  const notes: string[] = []
  let untrue = 0
  const play: Play = {
    ground,
    fault: (what) => void faults.push({ what, at: performance.now() }),
    records: load.records,
    call: (client, tool, args) =>
      load.call(createModernCaller(ground.balancer.url), client, tool, args),
    wrong(what) {
      untrue++
      notes.push(`wrong: ${what}`)
    },
    note: (what) => void notes.push(what),
  }
  try {
    await sleep(WARM_MS)
    await scenario.act(play)
    await sleep(scenario.settleMs ?? SETTLE_MS)
  } finally {
    await load.stop()
    await ground.saveLogs(logFolder)
  }
  await scenario.check?.(play)
  for (const what of load.untrue()) play.wrong(what)
  const effects = await ground.ledger.read()
  const figures = figuresOf({
    records: load.records,
    faults,
    effects,
    untrue,
  })
  return { figures, notes: [...notes, ...troubles(load.records)] }
}

/** Both eras, by hand and by the SDK. */
function callersFor(url: string): Caller[] {
  return [
    ...Array.from({ length: 5 }, () => createLegacyCaller(url)),
    ...Array.from({ length: 3 }, () => createModernCaller(url)),
    ...Array.from({ length: 2 }, () => createSdkCaller(url, 'legacy')),
    ...Array.from({ length: 2 }, () => createSdkCaller(url, 'modern')),
  ]
}

const SHOWN_TROUBLES = 8

/** What clients met most often, and what became of it. */
function troubles(records: readonly CallRecord[]): string[] {
  const counts = new Map<string, number>()
  for (const { ending, client, what } of records) {
    const [reason] = ending.reasons
    if (reason === undefined) continue
    const kind = client.replace(/-\d+$/, '')
    const text = `${ending.kind} after “${masked(reason).slice(0, 140)}” (${kind} ${what})`
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts]
    .toSorted(
      ([a, countA], [b, countB]) => Number(isFine(a)) - Number(isFine(b)) || countB - countA,
    )
    .slice(0, SHOWN_TROUBLES)
    .map(([text, count]) => `${count} × ${text}`)
}

/** What ended well after all is told last. */
function isFine(trouble: string): boolean {
  return trouble.startsWith('normal')
}

/** Without what differs from time to time: ids and ports. */
function masked(reason: string): string {
  return reason.replaceAll(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, '…').replaceAll(/:\d{4,5}\b/g, '')
}
