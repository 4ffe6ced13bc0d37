import { after, before, describe } from 'node:test'
import {
  NO_REDIS,
  startRedis,
  type RedisServer,
} from '../../../test/fixtures/redis/redis-server.ts'
import { shortenLives } from '../../../test/fixtures/redis/shorten-lives.ts'
import { testStores } from '../testing/stores.testsuite.ts'
import { openRedisStores } from './redis-stores.ts'

describe('redis', { skip: NO_REDIS }, () => {
  let server: RedisServer
  before(async () => {
    server = await startRedis()
  })
  after(() => server[Symbol.asyncDispose]())

  testStores('redis', {
    isShared: true,
    open: (keyPrefix, onError) =>
      openRedisStores({
        settings: {
          topology: { kind: 'standalone', address: server },
          db: 3,
          timeouts: { dialMs: 5000, readMs: 10_000, writeMs: 10_000 },
        },
        keyPrefix,
        onError,
        onChange: () => {},
      }),
    advance: (keyPrefix, ms) => shortenLives(server.admin, keyPrefix, ms),
  })
})
