import { Pool } from 'undici'
import type { JsonObject } from '../../src/base/json.ts'
import { callTool } from './call-tool.ts'
import { LOOP_ITEMS, LOOP_PARALLEL } from './plans.ts'

/** A thousand calls of the fixture backend, fifty at once, as somebody would write them by hand. */
export interface BareLoop {
  readonly call: (args: JsonObject) => Promise<JsonObject>
  readonly items: readonly JsonObject[]
  run(): Promise<void>
  close(): Promise<void>
}

/** Workers over a list, results kept. */
export function bareLoop(port: number): BareLoop {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: LOOP_PARALLEL })
  const call = (args: JsonObject): Promise<JsonObject> => callTool(pool, 'small', args)
  const items = Array.from({ length: LOOP_ITEMS }, (_, n) => ({ n }))
  return {
    call,
    items,
    async run() {
      const results: JsonObject[] = []
      let next = 0
      const work = async (): Promise<void> => {
        while (next < items.length) {
          const at = next
          next += 1
          results[at] = await call(items[at]!)
        }
      }
      await Promise.all(Array.from({ length: LOOP_PARALLEL }, work))
    },
    close: () => pool.close(),
  }
}
