import type { KeyValue } from '../../storage/key-value.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { createAnswers } from './answers.ts'
import type { KeyedRecord, RecordTexts } from './keyed-record.ts'

export interface OwnRecordsOptions {
  readonly store: KeyValue
  readonly texts: RecordTexts
  /** Life of a record from its last sign on, milliseconds. */
  readonly keepMs: number
  /** Unique for this run of this process. */
  readonly runner: string
  /** Bound of the outcomes that wait for the store, in characters. Default: 16 Mi. */
  readonly maxOwed?: number
  /** Bound of the outcomes that are remembered beside the store, in characters. Default: 8 Mi. */
  readonly maxRemembered?: number
  readonly log: Logger
}

/** What the store has to say of the keys for which this process answers, also after it was away for a while. */
export interface OwnRecords {
  /** Calls that run, and outcomes that wait for the store. */
  readonly size: number
  /** The store says that this call runs: it goes on saying so until `settle`, however long that takes. */
  hold(at: string, record: KeyedRecord): void
  /** The record as it is stored, of a call that runs here or was answered here not long ago: the store may have forgotten it. */
  recall(at: string): string | undefined
  /** Writes the outcome. Never rejects: what the store does not take now it gets later. */
  settle(at: string, record: KeyedRecord): Promise<void>
  /** The store may say that this call runs here, as its answer was lost; it does not. */
  disown(at: string): void
  /** Writes what waits for this key. Undefined: nothing does. Rejects as the store does. */
  pay(at: string): Promise<void> | undefined
  /** Prolongs the records of calls that run, and writes what waits. Rejects as the store does. */
  beat(): Promise<void>
}

/** Those who wait for a call look much more often. */
const NOT_RUN_MS = 60_000
const MAX_OWED = 16 * 1024 * 1024
const MAX_REMEMBERED = 8 * 1024 * 1024

export function createOwnRecords(options: OwnRecordsOptions): OwnRecords {
  const { store, texts, keepMs, runner, maxOwed = MAX_OWED, log } = options
  const answers = createAnswers(keepMs, options.maxRemembered ?? MAX_REMEMBERED)
  const held = new Map<string, KeyedRecord>()
  /** Undefined: a record of ours that says `running` is to say `not-run`. */
  const owed = new Map<string, string | undefined>()
  let owedSize = 0

  async function put(at: string, text: string): Promise<void> {
    await store.set(at, text, { ttlMs: keepMs })
  }

  function owe(at: string, record: KeyedRecord | undefined): void {
    let text = record?.outcome.kind === 'not-run' ? undefined : record && texts.write(record, at)
    if (record !== undefined && text !== undefined && owedSize + text.length > maxOwed) {
      text = texts.write({ ...record, outcome: { kind: 'dropped', bytes: text.length } }, at)
    }
    owedSize += (text?.length ?? 0) - (owed.get(at)?.length ?? 0)
    owed.set(at, text)
  }

  async function pay(at: string): Promise<void> {
    const text = owed.get(at)
    if (text === undefined) await giveBack(at)
    else await put(at, text)
    if (!owed.has(at) || owed.get(at) !== text) return
    owed.delete(at)
    owedSize -= text?.length ?? 0
  }

  /** Others may run the call. One may have done so already: its record stays. */
  async function giveBack(at: string, record?: KeyedRecord): Promise<void> {
    const entry = await store.get(at)
    const found = entry === undefined ? record : texts.read(entry.value, at)
    if (found?.runner !== runner || (entry && found.outcome.kind !== 'running')) return
    await store.set(at, texts.write({ ...found, outcome: { kind: 'not-run' } }, at), {
      ttlMs: Math.min(keepMs, NOT_RUN_MS),
      when: entry === undefined ? 'absent' : { version: entry.version },
    })
  }

  /** A store that forgot them is told again: to who comes next a missing record means that the key is new. */
  async function prolong(): Promise<void> {
    if (held.size === 0) return
    const keys = [...held.keys()]
    const found = await store.touchMany(keys.map((key) => ({ key, ttlMs: keepMs })))
    const again = keys.flatMap((key, index) => {
      const record = found[index] === true ? undefined : held.get(key)
      if (record === undefined) return []
      return [store.set(key, texts.write(record, key), { ttlMs: keepMs, when: 'absent' })]
    })
    await Promise.all(again)
  }

  return {
    get size() {
      return held.size + owed.size
    },
    hold: (at, record) => void held.set(at, record),
    recall(at) {
      const record = held.get(at)
      return record === undefined ? answers.of(at) : texts.write(record, at)
    },
    async settle(at, record) {
      held.delete(at)
      try {
        if (record.outcome.kind === 'not-run') await giveBack(at, record)
        else {
          const text = texts.write(record, at)
          answers.add(at, text)
          await put(at, text)
        }
      } catch (error) {
        log.warn({ err: error }, 'Cannot keep the outcome of a call with an idempotency key yet')
        owe(at, record)
      }
    },
    disown: (at) => owe(at, undefined),
    pay: (at) => (owed.has(at) ? pay(at) : undefined),
    async beat() {
      await Promise.all([prolong(), ...Array.from(owed.keys(), pay)])
    },
  }
}
