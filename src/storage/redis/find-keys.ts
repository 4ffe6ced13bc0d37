import { Cluster, type Redis } from 'ioredis'
import { byBytes } from '../by-bytes.ts'
import type { RedisClient } from './redis-client.ts'

/** All keys of a type that start with the prefix, in the order of their bytes. Walks through all keys of the database. */
export async function findKeys(
  client: RedisClient,
  prefix: string,
  type: 'string' | 'list',
): Promise<string[]> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client]
  const perNode = await Promise.all(nodes.map((node) => findOn(node, escapeGlob(prefix), type)))
  // SCAN may give a key twice.
  return [...new Set(perNode.flat())].sort(byBytes)
}

async function findOn(node: Redis, pattern: string, type: string): Promise<string[]> {
  const found: string[] = []
  let cursor = '0'
  do {
    const page = await node.scan(cursor, 'MATCH', `${pattern}*`, 'COUNT', 1000, 'TYPE', type)
    cursor = page[0]
    for (const key of page[1]) found.push(key)
  } while (cursor !== '0')
  return found
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}
