import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { systemNow } from '../../src/base/clock.ts'
import { isAppError } from '../../src/base/errors.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import type { RedisSettings } from '../../src/storage/redis-settings.ts'
import { testStores } from '../../src/storage/testing/stores.testsuite.ts'
import { makeCertificates, type Certificates } from '../fixtures/redis/certificates.ts'
import { startRedisCluster } from '../fixtures/redis/redis-cluster.ts'
import { startWatchedRedis, type WatchedRedis } from '../fixtures/redis/redis-sentinel.ts'
import { NO_REDIS, startRedis, type RedisServer } from '../fixtures/redis/redis-server.ts'
import { shortenLives } from '../fixtures/redis/shorten-lives.ts'
import { until } from '../support/until.ts'

const timeouts = { dialMs: 1500, readMs: 750, writeMs: 750 }
const SECRET = 'hunter2'

function open(
  settings: Partial<RedisSettings> & Pick<RedisSettings, 'topology'>,
  keyPrefix = 'thv:',
) {
  return openStorage(
    { provider: 'redis', redis: { db: 0, timeouts, ...settings }, keyPrefix },
    { now: systemNow },
  )
}

const at = (port: number, host = '127.0.0.1') =>
  ({ kind: 'standalone', address: { host, port } }) as const

/** Opening fails with this code; message, hint and causes name what was expected and no password. */
async function refuses(
  settings: Partial<RedisSettings> & Pick<RedisSettings, 'topology'>,
  code: string,
  ...expected: RegExp[]
): Promise<void> {
  await assert.rejects(open(settings), (error: unknown) => {
    assert.ok(isAppError(error), String(error))
    assert.equal(error.code, code, error.message)
    const text = `${error.message}\n${error.hint}`
    for (const pattern of expected) assert.match(text, pattern)
    const all = JSON.stringify([text, error.details, error.stack, error.cause, String(error.cause)])
    assert.ok(!all.includes(SECRET), 'the password is shown')
    assert.ok(!Object.hasOwn(Object(error.cause), 'command'), 'the command is kept')
    return true
  })
}

describe('starting with a Redis that cannot be used', { skip: NO_REDIS }, () => {
  const stack = new AsyncDisposableStack()
  let plain: RedisServer
  let guarded: RedisServer
  before(async () => {
    plain = stack.use(await startRedis())
    guarded = stack.use(
      await startRedis({
        password: 'right',
        users: [
          'user bob on >right ~thv:* &thv:* +@read +@write +@scripting +@pubsub +@connection +info +time',
          'user reader on >right ~* +@read +@connection',
          'user elsewhere on >right ~other:* +@all',
        ],
      }),
    )
  })
  after(() => stack.disposeAsync())

  it('tells that nobody listens, that a host is unknown, and that nobody answers', async () => {
    await refuses(
      { topology: at(1) },
      'STORAGE_REDIS_UNREACHABLE',
      /127\.0\.0\.1:1"/,
      /ECONNREFUSED/,
    )
    await refuses(
      { topology: at(6379, 'no-such-host.invalid') },
      'STORAGE_REDIS_UNREACHABLE',
      /no-such-host\.invalid:6379/,
      /ENOTFOUND|EAI_AGAIN/,
    )
    await using mute = await listen(createServer(() => {}))
    await refuses(
      { topology: at(mute.port) },
      'STORAGE_REDIS_UNREACHABLE',
      /did not answer within 1500 ms/,
    )
  })

  it('tells that a password is missing, wrong, or of another user, and shows none', async () => {
    const topology = at(guarded.port)
    await refuses(
      { topology },
      'STORAGE_REDIS_LOGIN_REFUSED',
      /"default"/,
      /NOAUTH/,
      /THV_SESSION_REDIS_PASSWORD/,
    )
    await refuses(
      { topology, password: SECRET },
      'STORAGE_REDIS_LOGIN_REFUSED',
      /WRONGPASS/,
      /username/,
    )
    await refuses(
      { topology, username: 'bob', password: SECRET },
      'STORAGE_REDIS_LOGIN_REFUSED',
      /"bob"/,
      /WRONGPASS/,
    )
  })

  it('tells that a user may not write, or not these keys', async () => {
    const topology = at(guarded.port)
    for (const username of ['reader', 'elsewhere']) {
      await refuses(
        { topology, username, password: 'right' },
        'STORAGE_REDIS_FORBIDDEN',
        /NOPERM/,
        /ACL SETUSER … ~thv:\*/,
      )
    }
  })

  it('needs no more than the rights its hint names', async () => {
    const stores = await open({ topology: at(guarded.port), username: 'bob', password: 'right' })
    assert.ok(await stores.keyValue.set('a', '1', { when: 'absent', ttlMs: 1000 }))
    assert.equal(await stores.appendLog.append('a', ['1']), 1)
    await stores.bus.subscribe('c', () => {})
    await stores.bus.publish('c', 'x')
    for await (const entry of stores.keyValue.scan('')) assert.equal(entry.key, 'a')
    await stores.close()
  })

  it('tells that a database does not exist', async () => {
    await refuses(
      { topology: at(plain.port), db: 99 },
      'STORAGE_REDIS_DATABASE_UNKNOWN',
      /database 99/,
      /sessionStorage\.db/,
    )
  })

  it('tells that what answers is not Redis', async () => {
    await using web = await listen(createHttpServer((_request, response) => response.end('hello')))
    await refuses({ topology: at(web.port) }, 'STORAGE_REDIS_WRONG_KIND', /not Redis/)
    // It answers and hangs up at once, so that the client cannot even write.
    await using curt = await listen(
      createServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n').destroySoon())
      }),
    )
    await refuses({ topology: at(curt.port) }, 'STORAGE_REDIS_WRONG_KIND', /not Redis/)
    await using shell = await listen(
      createServer((socket) => socket.on('error', () => {}).write('SSH-2.0-OpenSSH_9\r\n')),
    )
    await refuses({ topology: at(shell.port) }, 'STORAGE_REDIS_WRONG_KIND', /not Redis/)
  })

  it('tells that it is no Cluster, no sentinel, or one of those', async () => {
    const addresses = [plain]
    await refuses(
      { topology: { kind: 'cluster', addresses } },
      'STORAGE_REDIS_WRONG_KIND',
      /no node of a Cluster/,
    )
    await refuses(
      { topology: { kind: 'sentinel', masterName: 'm', addresses } },
      'STORAGE_REDIS_WRONG_KIND',
      /no sentinel/,
    )
    await refuses(
      { topology: { kind: 'cluster', addresses: [{ host: '127.0.0.1', port: 1 }] } },
      'STORAGE_REDIS_UNREACHABLE',
      /ECONNREFUSED/,
    )
    await using cluster = await startRedisCluster({ password: 'right' })
    const nodes = cluster.nodes
    const [node = plain] = nodes
    // Of three nodes one holds the slot of the keys we try.
    const alone = await Promise.allSettled(
      nodes.map(({ port }) => open({ topology: at(port), password: 'right' })),
    )
    for (const result of alone) {
      if (result.status === 'fulfilled') await result.value.close()
      else assert.match(result.reason.message, /node of a Cluster/)
    }
    assert.equal(alone.filter(({ status }) => status === 'rejected').length, 3)
    await refuses(
      { topology: { kind: 'cluster', addresses: nodes }, password: SECRET },
      'STORAGE_REDIS_LOGIN_REFUSED',
      /WRONGPASS/,
    )
    await refuses({ topology: at(node.port), password: SECRET }, 'STORAGE_REDIS_LOGIN_REFUSED')
  })
})

describe('redis with TLS', { skip: NO_REDIS }, () => {
  const stack = new AsyncDisposableStack()
  let certificates: Certificates
  let tls: RedisServer
  let mutual: RedisServer
  let plain: RedisServer
  let ca: string
  before(async () => {
    certificates = stack.use(await makeCertificates())
    tls = stack.use(await startRedis({ tls: certificates }))
    mutual = stack.use(await startRedis({ tls: certificates, needsClientCertificate: true }))
    plain = stack.use(await startRedis())
    ca = certificates.read(certificates.ca)
  })
  after(() => stack.disposeAsync())

  it('connects by an authority of its own, by a client certificate, or by any certificate', async () => {
    const own = {
      cert: certificates.read(certificates.clientCert),
      key: certificates.read(certificates.clientKey),
    }
    for (const [port, settings] of [
      [tls.port, { ca, insecureSkipVerify: false }],
      [tls.port, { insecureSkipVerify: true }],
      [tls.port, { ca, serverName: 'localhost', insecureSkipVerify: false }],
      [mutual.port, { ca, ...own, insecureSkipVerify: false }],
    ] as const) {
      const stores = await open({ topology: at(port), tls: settings })
      assert.ok(await stores.keyValue.set('a', '1'))
      await stores.close()
    }
  })

  it('tells what is wrong with certificates and names', async () => {
    const topology = at(tls.port)
    const other = certificates.read(certificates.otherCa)
    await refuses(
      { topology, tls: { insecureSkipVerify: false } },
      'STORAGE_REDIS_TLS',
      /certificate/,
      /tls\.caPath/,
    )
    await refuses(
      { topology, tls: { ca: other, insecureSkipVerify: false } },
      'STORAGE_REDIS_TLS',
      /tls\.caPath/,
    )
    await refuses(
      { topology, tls: { ca, serverName: 'redis.example', insecureSkipVerify: false } },
      'STORAGE_REDIS_TLS',
      /redis\.example/,
      /serverName/,
    )
    await refuses(
      { topology: at(mutual.port), tls: { ca, insecureSkipVerify: false } },
      'STORAGE_REDIS_TLS',
      /client certificate/,
    )
  })

  it('tells that one side speaks TLS and the other does not', async () => {
    await refuses({ topology: at(tls.port) }, 'STORAGE_REDIS_TLS', /expects TLS/, /Add `tls/)
    await refuses(
      { topology: at(plain.port), tls: { ca, insecureSkipVerify: false } },
      'STORAGE_REDIS_TLS',
      /speaks no TLS/,
    )
  })
})

describe('redis by Sentinel', { skip: NO_REDIS }, () => {
  let watched: WatchedRedis
  before(async () => {
    watched = await startWatchedRedis({ password: 'right', sentinelPassword: 'watch' })
  })
  after(() => watched[Symbol.asyncDispose]())

  const topology = (masterName = watched.masterName, password = 'watch') =>
    ({ kind: 'sentinel', masterName, addresses: [watched.sentinel], password }) as const

  testStores('sentinel', {
    isShared: true,
    open: (keyPrefix, onError) =>
      openStorage(
        {
          provider: 'redis',
          redis: {
            topology: topology(),
            db: 0,
            password: 'right',
            timeouts: { dialMs: 5000, readMs: 10_000, writeMs: 10_000 },
          },
          keyPrefix,
        },
        { now: systemNow, onError },
      ),
    advance: (keyPrefix, ms) => shortenLives(watched.master.admin, keyPrefix, ms),
  })

  it('tells that the sentinels know no such master, or one of the passwords is wrong', async () => {
    await refuses({ topology: topology('other') }, 'STORAGE_REDIS_MASTER_UNKNOWN', /"other"/)
    await refuses(
      { topology: topology(), password: SECRET },
      'STORAGE_REDIS_LOGIN_REFUSED',
      /WRONGPASS/,
    )
    await refuses(
      { topology: topology('mymaster', SECRET) },
      'STORAGE_REDIS_LOGIN_REFUSED',
      /sentinel/i,
    )
    await refuses(
      { topology: at(watched.replica.port), password: 'right' },
      'STORAGE_REDIS_WRONG_KIND',
      /replica/,
    )
    await refuses(
      { topology: at(watched.sentinel.port), password: 'watch' },
      'STORAGE_REDIS_WRONG_KIND',
      /sentinel/,
    )
  })

  it('goes on with the new master after a failover, and versions only grow', async () => {
    const stores = await open({ topology: topology(), password: 'right' })
    const before = await stores.keyValue.set('a', 'before')
    assert.ok(before)
    await until('the replica has it', async () =>
      (await watched.replica.admin.exists('thv:a')) === 1 ? true : undefined,
    )
    await watched.master.stop('SIGKILL')
    const after = await until(
      'the new master takes writes',
      () => stores.keyValue.set('a', 'after').catch(() => undefined),
      30_000,
    )
    assert.ok(after > before)
    assert.equal((await stores.keyValue.get('a'))?.value, 'after')
    await stores.close()
  })
})

async function listen(server: Server): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
