import type { ServerResponse } from 'node:http'
import { redact } from '../telemetry/redact.ts'
import type { RunEvent } from '../workflow/run-events.ts'
import type { RunTable } from '../workflow/runs.ts'
import { apiErrors } from './errors.ts'

const MAX_WATCHERS = 100
/** Beyond it, who watches does not read: the stream is cut. */
const MAX_UNSENT_BYTES = 1024 * 1024
const KEEP_ALIVE_MS = 15_000

/** Who watches runs, bounded in number. */
export interface Watchers {
  /**
   * Turns the response into a stream of events: `snapshot` first, if there is one, then what happens, until `isLast` or until the
   * client goes. Throws API_TOO_MANY_WATCHERS.
   */
  watch(response: ServerResponse, options: WatchOptions): void
  /** Ends all streams. */
  close(): void
}

export interface WatchOptions {
  readonly table: RunTable
  readonly wants: (event: RunEvent) => boolean
  readonly isLast: (event: RunEvent) => boolean
  /**
   * The state before the first event, asked for when events are listened to already, so that none is missed. The stream ends
   * behind it if nothing will follow.
   */
  readonly snapshot?: () => Promise<{ readonly data: object; readonly isOver: boolean }>
}

export function createWatchers(): Watchers {
  const open = new Set<() => void>()
  return {
    watch(response, { table, wants, isLast, snapshot }) {
      if (open.size >= MAX_WATCHERS) throw apiErrors.TOO_MANY_WATCHERS({ limit: MAX_WATCHERS })
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      })
      const send = (name: string, data: object): void => {
        response.write(`event: ${name}\ndata: ${redact(JSON.stringify(data))}\n\n`)
        if (response.writableLength > MAX_UNSENT_BYTES) response.destroy()
      }
      let waiting: RunEvent[] | undefined = snapshot && []
      const tell = (event: RunEvent): void => {
        send(event.kind, event)
        if (isLast(event)) end()
      }
      const unsubscribe = table.subscribe((event) => {
        if (!wants(event)) return
        if (waiting) waiting.push(event)
        else tell(event)
      })
      const keepAlive = setInterval(() => response.write(': keep-alive\n\n'), KEEP_ALIVE_MS)
      keepAlive.unref()
      const forget = (): void => {
        clearInterval(keepAlive)
        unsubscribe()
        open.delete(end)
      }
      function end(): void {
        forget()
        response.end()
      }
      open.add(end)
      response.on('close', forget)
      response.flushHeaders()
      snapshot?.().then(({ data, isOver }) => {
        send('run', data)
        const missed = waiting ?? []
        waiting = undefined
        for (const event of missed) tell(event)
        if (isOver) end()
      }, end)
    },
    close() {
      for (const end of open) end()
    },
  }
}
