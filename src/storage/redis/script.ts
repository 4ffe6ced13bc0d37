import { createHash } from 'node:crypto'
import type { RedisClient } from './redis-client.ts'

/** A Lua script that Redis runs as one step. All its keys have to be in one slot. */
export interface Script {
  run(
    client: RedisClient,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown>
}

/** Sent by its hash; as a whole only to a server that does not know it. */
export function createScript(lua: string): Script {
  const sha = createHash('sha1').update(lua).digest('hex')
  return {
    async run(client, keys, args) {
      try {
        return await client.evalsha(sha, keys.length, ...keys, ...args)
      } catch (error) {
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
        return client.eval(lua, keys.length, ...keys, ...args)
      }
    },
  }
}
