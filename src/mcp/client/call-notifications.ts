import type { JsonObject } from '../../base/json.ts'
import type { ClientView } from '../caller.ts'
import { isLogLevel } from '../meta.ts'
import { LOG_LEVELS } from '../messages.ts'
import type { LogLevel } from '../messages.ts'
import { isAtLeast } from '../versions.ts'

/** Turns what a source says during a call into what its client may hear. One per call that notifies at all. */
export class CallNotifications {
  #progressToken: string | number | undefined
  #lastProgress = -Infinity

  /** `progressToken`: the one of the client's current request; undefined if it wants no progress. */
  constructor(progressToken: string | number | undefined) {
    this.#progressToken = progressToken
  }

  /** A retry of the call brings a new token; values start anew. */
  renew(progressToken: string | number | undefined): void {
    this.#progressToken = progressToken
    this.#lastProgress = -Infinity
  }

  /** The message to send, or undefined if the client does not want it. */
  convert(method: string, params: JsonObject, client: ClientView): JsonObject | undefined {
    if (method === 'notifications/progress') return this.#progress(params, client)
    if (method === 'notifications/message' && !wantsLog(params['level'], client)) return undefined
    return { jsonrpc: '2.0', method, params }
  }

  /** Progress only grows (all revisions, "Progress"). */
  #progress(params: JsonObject, client: ClientView): JsonObject | undefined {
    const progress = params['progress']
    if (this.#progressToken === undefined || typeof progress !== 'number') return undefined
    if (progress <= this.#lastProgress) return undefined
    this.#lastProgress = progress
    const own: JsonObject = { ...params, progressToken: this.#progressToken }
    if (!isAtLeast(client.version, '2025-03-26')) delete own['message']
    return { jsonrpc: '2.0', method: 'notifications/progress', params: own }
  }
}

/** Modern clients get log lines only if the request asked for them, legacy ones unless their level says otherwise. */
function wantsLog(level: unknown, client: ClientView): boolean {
  if (client.logLevel === undefined) return client.era === 'legacy'
  return !isLogLevel(level) || severity(level) >= severity(client.logLevel)
}

function severity(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level)
}
