import { createHash } from 'node:crypto'
import { isAppError, type AppError } from '../base/errors.ts'
import type { NewId } from '../base/ids.ts'
import { inTime } from '../base/in-time.ts'
import type { Call } from '../mcp/call.ts'
import type { Reply } from '../mcp/reply.ts'
import { paramsDigest } from '../mcp/request-state.ts'
import type { Condition, KeyValue } from '../storage/key-value.ts'
import type { Sealer } from '../storage/sealing.ts'
import type { Logger } from '../telemetry/logger.ts'
import { gatewayErrors } from './errors.ts'
import { checkDigest, keyOf } from './keyed-calls/idempotency-key.ts'
import {
  createRecordTexts,
  outcomeOfReply,
  replyOfOutcome,
  type KeyedOutcome,
  type KeyedRecord,
} from './keyed-calls/keyed-record.ts'
import { createOwnRecords } from './keyed-calls/own-records.ts'
import type { Answer, Stage } from './stages.ts'

export interface KeyedCallsOptions {
  /** Shared by the replicas, where there are several. */
  readonly store: KeyValue
  readonly keyPrefix: string
  /** Seals answers in the store; undefined: no key is configured, and they are stored as they are. */
  readonly sealer: Sealer | undefined
  /** How long an answer can be fetched, in milliseconds. */
  readonly keepMs: number
  /** Unique for this run of this process. */
  readonly runner: string
  readonly newId: NewId
  /** The other replicas; undefined: nobody to ask. Asked each time. */
  readonly peers?: () => KeyedCallsPeers | undefined
  /** Whether there is such a run of a composite tool, under way or ended. */
  readonly hasRun: (run: string) => Promise<boolean>
  /** Time between two signs of life while calls run, milliseconds. */
  readonly beatMs?: number
  readonly log: Logger
}

/** Replicas that can be asked directly: quicker than waiting for their signs of life to end. */
export interface KeyedCallsPeers {
  /** Where this process can be asked. */
  readonly address: string
  /** True only if it is certain that the process with this address runs no more. Never rejects. */
  hasEnded(address: string): Promise<boolean>
  /** Asks the others for a record, see `KeyedCalls.recall`. Undefined: none has it, or says so in time. Never rejects. */
  recall(at: string): Promise<string | undefined>
}

/** A call that its client has been told is of unknown outcome, while it goes on. */
export interface LateCall {
  /** What the client sends along to get the answer after all. */
  readonly key: string
  /** Resolves when the store knows of the call, so that its answer can be fetched. Rejects as the store does. */
  readonly known: Promise<void>
  /** Keeps the answer; `undefined`: there will be none. */
  settle(reply: Reply | undefined): Promise<void>
}

/**
 * tools/call with an idempotency key: run once, however often it is sent; whoever sends it again with the same key gets the same
 * answer for some minutes, on any replica, or is told that the outcome is unknown. A composite tool has no unknown outcome of its
 * own: its run is found again.
 */
export interface KeyedCalls {
  readonly stage: Stage
  readonly keepMs: number
  /** For a call whose answer this process cannot wait for: its own key, or a new one. */
  adopt(call: Call): LateCall
  /**
   * Waits for the answers of adopted calls. What has none by then is cancelled, and of unknown outcome. `sayMs`: how long the store
   * may take to hear of it.
   */
  settled(timeoutMs: number, sayMs: number): Promise<void>
  /** For another replica to which the store says that a key is new: the record of a call that this one runs, or has answered. */
  recall(at: string): string | undefined
  close(): void
}

interface Adopted {
  readonly settle: LateCall['settle']
  readonly done: Promise<void>
}

const MAX_RESULT_BYTES = 1024 * 1024
/** A process that runs keyed calls says so again and again; when it has not for so long, it is gone. */
const ALIVE_MS = 15_000
const BEAT_MS = 5_000
const POLL_MS = 200

/** What the keys begin with that we give: such a call has run already, so it is never begun, whatever the store has forgotten. */
const LATE_KEY = 'late:'

export function createKeyedCalls(options: KeyedCallsOptions): KeyedCalls {
  const { store, keepMs, runner, beatMs = BEAT_MS, log } = options
  const aliveKey = `${options.keyPrefix}runner:${runner}`
  const running = new Map<string, Promise<Reply>>()
  const adopted = new Map<Call, Adopted>()
  const texts = createRecordTexts(options.sealer)
  const own = createOwnRecords({ store, texts, keepMs, runner, log })
  let beat: NodeJS.Timeout | undefined
  let saidAt = -Infinity
  let saying: Promise<void> | undefined

  const storeKey = (call: Call, key: string): string => {
    const owned = JSON.stringify([call.principal.binding, key])
    return options.keyPrefix + createHash('sha256').update(owned).digest('base64url')
  }

  /** One sign of life for all calls of this process; resolves when there is one that holds until the next. */
  async function live(): Promise<void> {
    beat ??= setInterval(() => {
      if (running.size + adopted.size + own.size === 0) return
      say().catch((error: unknown) => {
        log.warn({ err: error }, 'Cannot say in the store that keyed calls still run')
      })
    }, beatMs).unref()
    // After a while without calls others would take us for dead.
    if (performance.now() - saidAt > beatMs) await say()
  }

  function say(): Promise<void> {
    saying ??= sayNow().finally(() => (saying = undefined))
    return saying
  }

  async function sayNow(): Promise<void> {
    const at = performance.now()
    const sign = store.set(aliveKey, options.peers?.()?.address ?? '', { ttlMs: ALIVE_MS })
    await Promise.all([own.beat(), sign])
    saidAt = at
  }

  const record = (call: Call, outcome: KeyedOutcome): KeyedRecord => ({
    digest: paramsDigest(call.params),
    runner,
    ...(call.run === undefined ? {} : { run: call.run.id }),
    outcome,
  })

  function keep(at: string, call: Call, outcome: KeyedOutcome): Promise<void> {
    return own.settle(at, record(call, outcome))
  }

  async function run(at: string, call: Call, next: Answer): Promise<Reply> {
    try {
      const reply = await next(call)
      await keep(at, call, outcomeOfReply(reply, MAX_RESULT_BYTES) ?? leftBy(call) ?? NOT_RUN)
      return reply
    } catch (error) {
      const mayHaveRun = !isAppError(error) || error.details['ran'] === 'unknown'
      await keep(at, call, leftBy(call) ?? (mayHaveRun ? UNKNOWN : NOT_RUN))
      throw error
    }
  }

  /** Goes to the run that an earlier sending of the call began. */
  async function attach(at: string, call: Call, id: string, next: Answer): Promise<Reply> {
    call.run = { id, begun: true }
    const reply = await next(call)
    const outcome = outcomeOfReply(reply, MAX_RESULT_BYTES)
    if (outcome !== undefined) await keep(at, call, outcome)
    return reply
  }

  async function keyed(call: Call, key: string, next: Answer): Promise<Reply> {
    const at = storeKey(call, key)
    const here = running.get(at)
    if (here !== undefined) {
      await sameCall(at, call, key)
      try {
        return await here
      } catch (error) {
        // Its client has gone, not ours.
        if (!isTakenBack(error) || call.cancellation.cancelled) throw error
        return keyed(call, key, next)
      }
    }
    const started = key.startsWith(LATE_KEY)
      ? fetchLate(at, call, key, next)
      : begin(at, call, key, next)
    running.set(at, started)
    try {
      return await started
    } finally {
      running.delete(at)
    }
  }

  async function begin(at: string, call: Call, key: string, next: Answer): Promise<Reply> {
    await live()
    await own.pay(at)
    call.run = { id: options.newId(), begun: false }
    return (await claimed(at, call, next, 'absent')) ?? fetchOutcome(at, call, key, next)
  }

  /** Runs the call if its record can be written; undefined: another one is there. */
  async function claimed(
    at: string,
    call: Call,
    next: Answer,
    when: Condition,
  ): Promise<Reply | undefined> {
    const first = record(call, { kind: 'running' })
    let written: number | undefined
    try {
      // Asked beside the store, which may have forgotten it: a failover lost it, or there was no room.
      const recalled = when === 'absent' ? recall(at) : undefined
      written = await store.set(at, texts.write(first, at), { ttlMs: keepMs, when })
      const known = written === undefined ? undefined : await recalled
      if (known !== undefined) {
        await store.set(at, known, { ttlMs: keepMs, when: { version: written! } })
        return undefined
      }
    } catch (error) {
      // It may have been written all the same. The next call asks the store first whether it is there.
      own.disown(at)
      saidAt = -Infinity
      throw error
    }
    if (written === undefined) return undefined
    own.hold(at, first)
    return run(at, call, next)
  }

  async function recall(at: string): Promise<string | undefined> {
    return own.recall(at) ?? options.peers?.()?.recall(at)
  }

  async function fetchLate(at: string, call: Call, key: string, next: Answer): Promise<Reply> {
    await own.pay(at)
    return fetchOutcome(at, call, key, next)
  }

  /** Rejects if the key was used for another call. */
  async function sameCall(at: string, call: Call, key: string): Promise<void> {
    const looked = await find(at)
    if (looked !== undefined) checkDigest(looked.found, call, key)
  }

  async function find(
    at: string,
  ): Promise<{ readonly found: KeyedRecord; readonly version: number } | undefined> {
    const entry = await store.get(at)
    const found = entry && texts.read(entry.value, at)
    return found && { found, version: entry.version }
  }

  /** Waits for the answer of whoever runs the call. */
  async function fetchOutcome(at: string, call: Call, key: string, next: Answer): Promise<Reply> {
    let seen: string | undefined
    let missedAt: number | undefined
    let hasEnded = false
    for (;;) {
      const looked = await find(at)
      if (looked === undefined) {
        // The store has forgotten it. Who runs the call says it again with its next sign of life.
        missedAt ??= performance.now()
        const mayComeBack = seen !== undefined && performance.now() - missedAt < 2 * beatMs
        if (!mayComeBack || !(await isAlive(seen!))) throw unknown(key)
        await pause(call)
        continue
      }
      const { found, version } = looked
      if (found.outcome.kind === 'not-run' && !key.startsWith(LATE_KEY)) {
        const reply = await claimed(at, call, next, { version })
        if (reply !== undefined) return reply
        continue
      }
      missedAt = undefined
      seen = found.runner
      checkDigest(found, call, key)
      const { outcome } = found
      if (outcome.kind === 'dropped') {
        throw gatewayErrors.LATE_RESULT_DROPPED({ bytes: outcome.bytes, limit: MAX_RESULT_BYTES })
      }
      const reply =
        outcome.kind === 'result' || outcome.kind === 'error' ? replyOfOutcome(outcome) : undefined
      if (reply !== undefined) return reply
      if (outcome.kind !== 'running' || hasEnded) {
        const { run } = found
        const isFound =
          run !== undefined && outcome.kind !== 'unknown' && (await options.hasRun(run))
        if (isFound) return attach(at, call, run, next)
        throw unknown(key)
      }
      // The last it did may have been to write down the answer.
      hasEnded = !(await isAlive(found.runner))
      if (!hasEnded) await pause(call)
    }
  }

  async function isAlive(other: string): Promise<boolean> {
    if (other === runner) return true
    const sign = await store.get(`${options.keyPrefix}runner:${other}`)
    if (sign === undefined) return false
    const peers = options.peers?.()
    return sign.value === '' || peers === undefined || !(await peers.hasEnded(sign.value))
  }

  return {
    keepMs,
    stage(call, next) {
      const key = keyOf(call)
      return key === undefined ? next(call) : keyed(call, key, next)
    },
    adopt(call) {
      const given = keyOf(call)
      const key = given ?? LATE_KEY + options.newId()
      const { promise, resolve } = Promise.withResolvers<void>()
      const at = storeKey(call, key)
      const settle = async (reply: Reply | undefined): Promise<void> => {
        if (!adopted.delete(call)) return
        // The stage keeps the answer of a call that came with a key.
        const outcome = reply && outcomeOfReply(reply, MAX_RESULT_BYTES)
        if (given === undefined) await keep(at, call, outcome ?? leftBy(call) ?? UNKNOWN)
        resolve()
      }
      adopted.set(call, { settle, done: promise })
      if (given !== undefined) return { key, known: Promise.resolve(), settle }
      const first = record(call, { kind: 'running' })
      own.hold(at, first)
      const written = store.set(at, texts.write(first, at), { ttlMs: keepMs, when: 'absent' })
      const known = Promise.all([live(), written]).then(() => {})
      // Whoever does not wait for it does not have to hear of it.
      known.catch(() => {})
      return { key, known, settle }
    },
    async settled(timeoutMs, sayMs) {
      await inTime(Promise.all(Array.from(adopted.values(), ({ done }) => done)), timeoutMs)
      const told = [...adopted].map(([call, { settle }]) => {
        call.cancellation.cancel('the server is shutting down')
        return settle(undefined)
      })
      const said = Promise.all(told).then(() => (own.size > 0 ? own.beat() : undefined))
      await inTime(said, sayMs).catch(() => {})
    },
    recall: own.recall,
    close() {
      clearInterval(beat)
    },
  }
}

const UNKNOWN: KeyedOutcome = { kind: 'unknown' }
const NOT_RUN: KeyedOutcome = { kind: 'not-run' }

/** Whoever sent the call does not want it, or wait for it, any more. */
function isTakenBack(error: unknown): boolean {
  return isAppError(error, 'MCP_CALL_CANCELLED') || isAppError(error, 'GATEWAY_WAIT_CANCELLED')
}

/** Its run, if it began one, goes on without it, or has ended. */
function leftBy({ run }: Call): KeyedOutcome | undefined {
  return run?.begun === true ? { kind: 'left' } : undefined
}

function unknown(idempotencyKey: string): AppError {
  return gatewayErrors.OUTCOME_UNKNOWN({
    idempotencyKey,
    reason: 'the replica that ran this call ended before it was answered',
    fetchableMs: 0,
  })
}

function pause(call: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      unlink()
      resolve()
    }, POLL_MS)
    const unlink = call.cancellation.onCancel((reason) => {
      clearTimeout(timer)
      reject(gatewayErrors.WAIT_CANCELLED({ reason }))
    })
  })
}
