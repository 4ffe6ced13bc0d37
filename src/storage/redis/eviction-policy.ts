import type { RedisClient } from './redis-client.ts'

/**
 * The policy by which a Redis throws away entries that still live when its memory is full. Undefined: it does not, or cannot be
 * asked (a user may lack the right). Never rejects.
 */
export async function evictionPolicy(
  client: Pick<RedisClient, 'info'>,
): Promise<string | undefined> {
  const info = await client.info('memory').catch(() => '')
  const [, bytes = '0'] = /^maxmemory:(\d+)/m.exec(info) ?? []
  const [, policy = NONE] = /^maxmemory_policy:(\S+)/m.exec(info) ?? []
  return bytes === '0' || policy === NONE ? undefined : policy
}

const NONE = 'noeviction'
