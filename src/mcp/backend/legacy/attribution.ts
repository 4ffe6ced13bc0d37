import type { PendingCall } from '../pending-call.ts'
import { kindOf, type AskingHabits } from './asking-habits.ts'
import { Turns } from './turns.ts'

export interface AttributionOptions {
  /** All calls in flight. */
  readonly calls: () => readonly PendingCall[]
  readonly habits: AskingHabits
  /** Calls of several clients may be in flight: what one of them is asked is nothing for the others. */
  readonly isShared: boolean
}

/** A call that was given up, of which the server may not take notice. */
interface Ghost {
  readonly mayAsk: boolean
  untilMs: number
}

/** Questions of one handler that are asked at once arrive within so many milliseconds. */
const ASKED_JUST_NOW_MS = 50
/** Longest wait for a turn, in milliseconds, of calls that are known to ask: else nobody may know whose question it is. */
const MAX_WAIT_MS = 30_000
/** The same for calls of which nothing is known yet. */
const MAX_FIRST_WAIT_MS = 1_000
/** Handlers that do not notice that their call was given up may ask for so long, in milliseconds. */
const GHOST_MS = 10_000
/** The same where its question was refused, or will be because nobody waits for the call any more: most give up then. */
const REFUSED_GHOST_MS = 250
const MAX_GHOSTS = 1_000
const ASKABLE = ['elicitation', 'sampling', 'roots']

/**
 * Tells whose it is what a legacy server says without saying so (mcp-spec 2.4, "Attribution"): on a pipe everything, over HTTP
 * what comes on the standalone stream. What is known to ask takes turns: one such call runs at a time, and it gives up its turn
 * while it waits for its answer. Where clients share the connection, so do calls of which it is not known yet. What was answered
 * without a question runs freely from then on.
 */
export class Attribution {
  readonly #options: AttributionOptions
  readonly #turns = new Turns()
  /** By the id of the call. */
  readonly #ghosts = new Map<number, Ghost>()
  /** It may be clearer now who asks. */
  onChange: () => void = () => {}

  constructor(options: AttributionOptions) {
    this.#options = options
  }

  /** A call is about to be sent. Undefined: it may go at once; else resolves when it may. */
  take(call: PendingCall): Promise<void> | undefined {
    const kind = kindOf(call.request)
    if (kind === undefined) return undefined
    const asks = this.#options.habits.of(kind)
    if (asks === false) return undefined
    // Who cannot be asked is not kept waiting for what others may be asked.
    const isUnclear = asks === undefined && this.#options.isShared && canBeAsked(call)
    if (asks !== true && !isUnclear) return undefined
    return this.#wait(call)
  }

  /** A question that did not say so is this call's; it waits for the answer. */
  asked(call: PendingCall): void {
    const kind = kindOf(call.request)
    if (kind !== undefined) this.#options.habits.learn(kind, true)
    // A handler may ask several things at once: its turn lasts a little longer than its first question.
    setTimeout(() => {
      if (call.questions > 0) this.#turns.end(call)
    }, ASKED_JUST_NOW_MS).unref()
  }

  /** Its question is answered: once it has the answer it may ask again, so it goes on in its turn. */
  goesOn(call: PendingCall): Promise<void> | undefined {
    return call.settled ? undefined : this.#wait(call)
  }

  /** Its questions say whose they are. */
  saysWho(call: PendingCall): void {
    const kind = kindOf(call.request)
    if (kind !== undefined) this.#learnSilent(kind)
    this.#turns.end(call)
  }

  /** A call is given up; the server is told, but not all take notice. */
  abandoned(call: PendingCall): void {
    const kind = kindOf(call.request)
    if (!this.#options.isShared || !call.sent || kind === undefined) return
    const nowMs = performance.now()
    for (const [id, { untilMs }] of this.#ghosts) {
      if (untilMs > nowMs && this.#ghosts.size < MAX_GHOSTS) break
      this.#ghosts.delete(id)
    }
    const mayAsk = this.#options.habits.of(kind) !== false
    const lifeMs = call.questions > 0 ? REFUSED_GHOST_MS : GHOST_MS
    this.#ghosts.set(call.id, { mayAsk, untilMs: nowMs + lifeMs })
    setTimeout(() => this.onChange(), lifeMs + 1).unref()
  }

  /** The question of a call that was given up was refused. */
  ghostRefused(): void {
    const [ghost, ...others] = [...this.#ghosts.values()].filter(({ mayAsk }) => mayAsk)
    // Of several it is not known which.
    if (ghost === undefined || others.length > 0) return
    ghost.untilMs = Math.min(ghost.untilMs, performance.now() + REFUSED_GHOST_MS)
    setTimeout(() => this.onChange(), REFUSED_GHOST_MS + 1).unref()
  }

  /** The server has answered a call that was given up: it is done with it. */
  answeredLate(id: unknown): void {
    if (this.#ghosts.delete(id as number)) this.onChange()
  }

  /** A call is over. */
  ended(call: PendingCall): void {
    const kind = kindOf(call.request)
    if (kind === undefined) return
    if (call.answered && call.askedMs === 0) this.#learnSilent(kind)
    this.#turns.end(call)
    this.onChange()
  }

  /**
   * The only call that can have asked just now. A handler that waits for the answer to its question says nothing, so it is one
   * that does not wait; if all wait, the only one that asked just now, for a handler may ask several things at once. `gone`: only
   * a call that was given up can have.
   */
  asker(): PendingCall | 'nobody' | 'several' | 'gone' {
    const calls = this.#options.calls().filter((call) => this.#isUnderWay(call))
    const speaking = calls.filter(({ questions }) => questions === 0)
    const suspects = speaking.filter(
      (call) => this.#options.habits.of(kindOf(call.request)!) !== false,
    )
    if (this.hasGhosts) return suspects.length > 0 ? 'several' : 'gone'
    if (suspects.length === 1) return suspects[0]!
    if (suspects.length > 1) {
      // Of several of one client, the one whose turn it is: the others have never asked.
      const holder = this.#options.isShared ? undefined : this.#turns.holder
      return suspects.find((call) => call === holder) ?? 'several'
    }
    if (speaking.length > 0) return speaking.length === 1 ? speaking[0]! : 'several'
    const sinceMs = performance.now() - ASKED_JUST_NOW_MS
    const asking = calls.length === 1 ? calls : calls.filter(({ askedMs }) => askedMs >= sinceMs)
    if (asking.length === 1) return asking[0]!
    return asking.length === 0 ? 'nobody' : 'several'
  }

  /** Calls that were given up and may still ask. */
  get hasGhosts(): boolean {
    return this.#liveGhosts(({ mayAsk }) => mayAsk) > 0
  }

  /** The only call that can have logged something. */
  speaker(): PendingCall | undefined {
    if (this.#liveGhosts(() => true) > 0) return undefined
    const calls = this.#options.calls()
    if (calls.length === 1) return calls[0]
    const speaking = calls.filter(({ questions }) => questions === 0)
    return speaking.length === 1 ? speaking[0] : undefined
  }

  /** It did not turn out who asked. Where clients share the connection, that may have been any of them. */
  gaveUp(): void {
    const { habits, isShared, calls } = this.#options
    for (const call of calls()) {
      const kind = kindOf(call.request)
      if (kind === undefined || call.questions > 0) continue
      if (isShared) habits.suspect(kind)
      else habits.learn(kind, true)
    }
  }

  #wait(call: PendingCall): Promise<void> | undefined {
    const kind = kindOf(call.request)
    const turn = this.#turns.take(call, () => {
      const asks = kind !== undefined && this.#options.habits.of(kind) === true
      return asks ? MAX_WAIT_MS : MAX_FIRST_WAIT_MS
    })
    if (turn === undefined) return undefined
    call.waits = true
    return turn.then(() => {
      call.waits = false
    })
  }

  #learnSilent(kind: string): void {
    const { habits } = this.#options
    if (habits.of(kind) !== undefined) return
    habits.learn(kind, false)
    this.#turns.excuse((call) => kindOf(call.request) === kind)
  }

  /** It has been sent, and is of a kind that can ask. */
  #isUnderWay(call: PendingCall): boolean {
    return kindOf(call.request) !== undefined && !this.#turns.isWaiting(call)
  }

  #liveGhosts(which: (ghost: Ghost) => boolean): number {
    if (this.#ghosts.size === 0) return 0
    const nowMs = performance.now()
    let count = 0
    for (const ghost of this.#ghosts.values()) if (ghost.untilMs > nowMs && which(ghost)) count++
    return count
  }
}

function canBeAsked({ request: { capabilities } }: PendingCall): boolean {
  return ASKABLE.some((name) => capabilities[name] !== undefined)
}
