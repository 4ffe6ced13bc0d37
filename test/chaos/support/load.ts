import { setTimeout as sleep } from 'node:timers/promises'
import { callUntilAnswered } from './call-until-answered.ts'
import type { CallRecord } from './figures.ts'
import { createStateWatch } from './state-watch.ts'
import type { Caller, Request } from './wire.ts'

/** Clients at work. */
export interface Load {
  /** Calls that have ended so far. */
  readonly records: readonly CallRecord[]
  /** One call more, by another client, with a key. Never rejects. */
  call(
    caller: Caller,
    client: string,
    tool: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<void>
  /** Answers that contradicted earlier ones. */
  untrue(): readonly string[]
  /** No new calls; resolves when those under way have ended. */
  stop(): Promise<void>
}

export interface LoadOptions {
  readonly callers: readonly Caller[]
  /** Between two calls of one lane, on average. */
  readonly pauseMs: number
}

const ATTEMPT_MS = 5_000
const TOTAL_MS = 30_000
const OPEN_WITHIN_MS = 30_000
/** Every third client has a process of its own behind it as well. */
const WITH_PROCESS = 3

/** The key of ours that names a call. */
const META_KEY = 'toolhive.stacklok.dev/idempotencyKey'

/**
 * Each client has two lanes, one that writes and one that looks, and makes one call after the other on each. A call that writes
 * has a key, and a side effect with an id of its own.
 */
export async function startLoad({ callers, pauseMs }: LoadOptions): Promise<Load> {
  const records: CallRecord[] = []
  const states = callers.map(() => createStateWatch())
  let stopping = false
  await Promise.all(callers.map((caller) => open(caller)))
  const lanes = callers.flatMap((caller, index) => [
    lane(caller, index, (turn) =>
      writing(`${caller.kind}-${index}-${turn}`, turn, hasProcess(caller, index)),
    ),
    lane(caller, index, looking),
  ])

  async function lane(
    caller: Caller,
    index: number,
    next: (turn: number) => Planned,
  ): Promise<void> {
    for (let turn = 0; !stopping; turn++) {
      const { request, effect } = next(turn)
      const startedAt = performance.now()
      const ending = await callUntilAnswered(caller, request, {
        attemptMs: ATTEMPT_MS,
        totalMs: TOTAL_MS,
        harmless: effect === undefined,
      })
      const client = `${caller.kind}-${index}`
      const { name } = request.params
      const what = typeof name === 'string' ? name : request.method
      records.push({ client, what, startedAt, endedAt: performance.now(), effect, ending })
      if (caller.hasSession) states[index]!.see(what, ending)
      if (ending.kind === 'dead') await open(caller)
      await sleep(pauseMs * (0.5 + Math.random()))
    }
  }

  return {
    records,
    async call(caller, client, name, args) {
      const startedAt = performance.now()
      const _meta = { [META_KEY]: `${client}-${startedAt}` }
      const request = { method: 'tools/call', params: { name, arguments: args, _meta } }
      const ending = await callUntilAnswered(caller, request, {
        attemptMs: TOTAL_MS,
        totalMs: TOTAL_MS,
        harmless: false,
      })
      const endedAt = performance.now()
      const times = { startedAt, endedAt }
      records.push({ client, what: name, ...times, effect: undefined, ending, isSingle: true })
    },
    untrue: () =>
      states.flatMap((state, index) =>
        state.untrue().map((text) => `${callers[index]!.kind}-${index}: ${text}`),
      ),
    async stop() {
      stopping = true
      await Promise.all(lanes)
      await Promise.all(callers.map((caller) => caller.close().catch(() => {})))
    },
  }
}

interface Planned {
  readonly request: Request
  readonly effect: string | undefined
}

function hasProcess(caller: Caller, index: number): boolean {
  return caller.hasSession && index % WITH_PROCESS === 0
}

function writing(id: string, turn: number, withProcess: boolean): Planned {
  if (withProcess && turn % 4 === 3) return tool('local_write', id)
  return tool(turn % 2 === 0 ? 'shop_count' : 'shop_write', id)
}

function looking(turn: number): Planned {
  const step = turn % 8
  if (step === 7) return { request: { method: 'tools/list', params: {} }, effect: undefined }
  const [name, args] =
    step % 2 === 0 ? ['shop_look', { ms: 20 }] : ['everything_echo', { message: 'hello' }]
  return { request: { method: 'tools/call', params: { name, arguments: args } }, effect: undefined }
}

function tool(name: string, id: string): Planned {
  const params = { name, arguments: { id }, _meta: { [META_KEY]: id } }
  return { request: { method: 'tools/call', params }, effect: id }
}

async function open(caller: Caller): Promise<void> {
  const until = performance.now() + OPEN_WITHIN_MS
  for (;;) {
    try {
      return await caller.open(AbortSignal.timeout(ATTEMPT_MS))
    } catch (error) {
      if (performance.now() > until) throw error
      await sleep(200)
    }
  }
}
