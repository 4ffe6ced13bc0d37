import { Cluster } from 'ioredis'
import { storageErrors } from '../errors.ts'
import type { MessageBus } from '../message-bus.ts'
import { createSubscribers } from '../subscribers.ts'
import type { RedisClient } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'

/**
 * A bus over PUBLISH and SUBSCRIBE. Listening takes a connection of its own, opened with the first subscription; when it was
 * cut off it listens again to the same channels, and what was said meanwhile is missed.
 */
export function createRedisMessageBus(
  connection: RedisConnection,
  keyPrefix: string,
  onError: (error: unknown) => void,
): MessageBus {
  const { client, store } = connection
  const subscribers = createSubscribers(onError)
  let listening: Promise<RedisClient> | undefined
  let closed = false

  return {
    async publish(channel, text) {
      await run(async () => publisher().publish(keyPrefix + channel, text))
    },

    async subscribe(channel, handler) {
      // Each subscription is one of its own, though handlers may be the same function.
      const own = (text: string) => handler(text)
      await run(async () => {
        subscribers.add(channel, own)
        try {
          await (await listener()).subscribe(keyPrefix + channel)
        } catch (error) {
          subscribers.remove(channel, own)
          throw error
        }
      })
      return async () => {
        if (!subscribers.remove(channel, own) || closed) return
        await run(async () => {
          const client = await listener()
          // Somebody may listen again by now.
          if (!subscribers.has(channel)) await client.unsubscribe(keyPrefix + channel)
        })
      }
    },

    async close() {
      closed = true
      subscribers.clear()
      const open = await listening?.catch(() => undefined)
      if (open !== client) open?.disconnect()
    },
  }

  /** The nodes of a Cluster tell one another; only messages through the same one keep their order. */
  function publisher(): RedisClient {
    return client instanceof Cluster ? (client.nodes('master')[0] ?? client) : client
  }

  function listener(): Promise<RedisClient> {
    listening ??= listen()
    return listening
  }

  async function listen(): Promise<RedisClient> {
    // A client of a Cluster keeps a connection for subscriptions itself.
    const own = client instanceof Cluster ? client : client.duplicate()
    own.on('message', (channel: string, text: string) => {
      subscribers.deliver(channel.slice(keyPrefix.length), text)
    })
    if (own !== client) {
      // The main connection tells what is wrong with the server.
      own.on('error', () => {})
      await own.connect().catch((error: unknown) => {
        listening = undefined
        own.disconnect()
        throw error
      })
    }
    return own
  }

  async function run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (closed) throw storageErrors.CLOSED({ store })
    return connection.run(work)
  }
}
