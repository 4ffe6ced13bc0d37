import { createBackoff } from '../../../base/backoff.ts'
import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json.ts'
import { mcpErrors } from '../../errors.ts'
import { META_SUBSCRIPTION_ID } from '../../meta.ts'
import type { ListenFilter } from '../../messages.ts'

/** One attempt to listen: a stream of its own over HTTP, a subscription among others over stdio. */
export interface ListenAttempt {
  abort(): void
}

export interface ListenHandlers {
  /** `notifications/subscriptions/acknowledged`: what the backend honours. */
  onAcknowledged(honoured: ListenFilter): void
  /** A notification of this subscription, params without the subscription id. */
  onNotification(method: string, params: JsonObject): void
  /** The subscription is over; `refused` says that trying again is useless. */
  onEnd(reason: string, refused: boolean): void
}

export interface ModernListen {
  /**
   * Replaces the filter; undefined ends listening. Resolves with what the backend honours; of the newer filter, if one
   * took over meanwhile.
   */
  set(filter: ListenFilter | undefined): Promise<ListenFilter>
  close(): void
}

interface ModernListenOptions {
  /** The backend's name in errors. */
  readonly name: string
  open(filter: ListenFilter, handlers: ListenHandlers): ListenAttempt
  onNotification(method: string, params: JsonObject): void
  /** A listen that had been acknowledged broke; it is tried again. */
  onBroken(reason: string): void
  /** It is there again; what was announced in between is lost. */
  onMended(honoured: ListenFilter): void
  ackTimeoutMs: number
}

/**
 * The one `subscriptions/listen` of a modern connection (2026-07-28, subscriptions). A new filter opens a new one before
 * the old is closed, so nothing is missed in between; a broken one is opened again with growing waits.
 */
export function createModernListen(options: ModernListenOptions): ModernListen {
  let current: ListenAttempt | undefined
  let timer: NodeJS.Timeout | undefined
  let generation = 0
  /** What `set` was asked for last and gave; undefined: to end. */
  let latest: Promise<ListenFilter> | undefined
  /** The generation whose filter the backend refuses: not tried again. */
  let gaveUp = 0
  const backoff = createBackoff({ minMs: 500, maxMs: 30_000 })

  /** Opens and makes it the current one when acknowledged. */
  function attempt(filter: ListenFilter, mine: number): Promise<ListenFilter> {
    return new Promise((resolve, reject) => {
      let acknowledged = false
      const fail = (reason: string): void => {
        if (mine === generation || latest === undefined) reject(failed(reason))
        else resolve(latest)
      }
      const opened = options.open(filter, {
        onAcknowledged(honoured) {
          if (acknowledged) return
          acknowledged = true
          clearTimeout(patience)
          if (mine !== generation) {
            opened.abort()
            return fail('it is no longer wanted')
          }
          backoff.reset()
          current?.abort()
          current = opened
          resolve(honoured)
        },
        onNotification(method, params) {
          if (acknowledged) options.onNotification(method, params)
        },
        onEnd(reason, refused) {
          clearTimeout(patience)
          if (!acknowledged) {
            if (refused) gaveUp = mine
            return fail(reason)
          }
          if (current !== opened) return
          current = undefined
          options.onBroken(reason)
          if (mine === generation) again(filter, mine)
        },
      })
      const patience = setTimeout(() => {
        opened.abort()
        fail(`no acknowledgement within ${options.ackTimeoutMs} ms`)
      }, options.ackTimeoutMs)
      patience.unref()
    })
  }

  function again(filter: ListenFilter, mine: number): void {
    timer = setTimeout(() => {
      if (mine !== generation) return
      attempt(filter, mine).then(options.onMended, () => {
        if (mine === generation && mine !== gaveUp) again(filter, mine)
      })
    }, backoff.nextMs())
    timer.unref()
  }

  function failed(reason: string) {
    return mcpErrors.BACKEND_PROTOCOL({
      backend: options.name,
      reason: `subscriptions/listen: ${reason}`,
      ran: 'no',
    })
  }

  function close(): void {
    generation++
    latest = undefined
    clearTimeout(timer)
    current?.abort()
    current = undefined
  }

  return {
    async set(filter) {
      if (filter === undefined) {
        close()
        return {}
      }
      clearTimeout(timer)
      latest = attempt(filter, ++generation)
      return latest
    },
    close,
  }
}

/** Reads a message of a listen stream; undefined if it belongs to another subscription. */
export function readListenParams(
  params: JsonObject,
  subscriptionId: number,
): JsonObject | undefined {
  const meta = params['_meta']
  if (!isJsonObject(meta)) return params
  const { [META_SUBSCRIPTION_ID]: id, ...rest } = meta
  if (id !== undefined && id !== subscriptionId && id !== String(subscriptionId)) return undefined
  const { _meta, ...bare } = params
  return Object.keys(rest).length === 0 ? bare : { ...bare, _meta: rest }
}

/** What an acknowledgement honours. */
export function readHonoured(params: JsonObject): ListenFilter {
  const honoured = params['notifications'] ?? params['filter']
  return isJsonObject(honoured) ? honoured : params
}

const CHANGES = [
  ['toolsListChanged', 'notifications/tools/list_changed'],
  ['promptsListChanged', 'notifications/prompts/list_changed'],
  ['resourcesListChanged', 'notifications/resources/list_changed'],
] as const

/** Announcements that may have been missed while nobody listened: whoever caches has to look again. */
export function possiblyMissed(honoured: ListenFilter): string[] {
  return CHANGES.filter(([key]) => honoured[key] === true).map(([, method]) => method)
}
