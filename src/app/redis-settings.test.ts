import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { parseVmcpConfig } from './load-vmcp-config.ts'
import { openSealer } from './open-sealer.ts'
import { toRedisSettings } from './redis-settings.ts'

async function storage(section: Record<string, unknown>, env: Record<string, string> = {}) {
  const file = {
    name: 'n',
    groupRef: 'n',
    incomingAuth: { type: 'anonymous' },
    outgoingAuth: { source: 'inline' },
    aggregation: {
      conflictResolution: 'prefix',
      conflictResolutionConfig: { prefixFormat: '{workload}_' },
    },
    sessionStorage: section,
  }
  const { config, problems } = await parseVmcpConfig(JSON.stringify(file), 'f', env)
  assert.ok(config, JSON.stringify(problems))
  return config.sessionStorage
}

const folder = await mkdtemp(join(tmpdir(), 'thv-redis-settings-'))
after(() => rm(folder, { recursive: true }))
const ca = join(folder, 'ca.pem')
await writeFile(ca, 'CA')

describe('toRedisSettings()', () => {
  it('reads addresses, the password of the environment and the certificates of files', async () => {
    const config = await storage({
      provider: 'redis',
      address: '[::1]:6380',
      db: 2,
      username: 'u',
      passwordRef: { name: 's', key: 'k' },
      tls: { caPath: ca, serverName: 'redis.example' },
      timeouts: { dial: '1s' },
    })
    assert.deepEqual(await toRedisSettings(config, { THV_SESSION_REDIS_PASSWORD: 'p' }), {
      topology: { kind: 'standalone', address: { host: '::1', port: 6380 } },
      db: 2,
      username: 'u',
      password: 'p',
      tls: { ca: 'CA', serverName: 'redis.example', insecureSkipVerify: false },
      timeouts: { dialMs: 1000, readMs: 3000, writeMs: 3000 },
    })
  })

  it('lets sentinels speak TLS as Redis does, or as they are told', async () => {
    const sentinel = { masterName: 'm', addresses: ['a:1', 'b:2'], username: 'w' }
    const env = { THV_SESSION_REDIS_SENTINEL_PASSWORD: 'sp' }
    const both = await storage({ provider: 'redis', sentinel, tls: { caPath: ca } })
    const topology = {
      kind: 'sentinel',
      masterName: 'm',
      addresses: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      username: 'w',
      password: 'sp',
    }
    const tls = { ca: 'CA', insecureSkipVerify: false }
    assert.deepEqual((await toRedisSettings(both, env)).topology, { ...topology, tls })
    const without = { ...sentinel, tls: { enabled: false } }
    const one = await storage({ provider: 'redis', sentinel: without, tls: { caPath: ca } })
    assert.deepEqual((await toRedisSettings(one, env)).topology, topology)
    assert.deepEqual((await toRedisSettings(one, env)).tls, tls)
  })

  it('says which password is missing and which file cannot be read', async () => {
    const passwordRef = { name: 's', key: 'k' }
    await assert.rejects(
      toRedisSettings(await storage({ provider: 'redis', address: 'a:1', passwordRef }), {}),
      { code: 'APP_SESSION_PASSWORD_MISSING', message: /THV_SESSION_REDIS_PASSWORD/ },
    )
    const tls = { caPath: '/nowhere/ca.pem' }
    await assert.rejects(
      toRedisSettings(
        await storage({ provider: 'redis', cluster: { addresses: ['a:1'] }, tls }),
        {},
      ),
      { code: 'APP_SESSION_FILE_UNREADABLE', message: /sessionStorage\.tls\.caPath/ },
    )
  })
})

describe('openSealer()', () => {
  const first = 'A'.repeat(43) + '='
  it('seals with the first key and opens with all, the key of the fleet among them', async () => {
    const keyFile = join(folder, 'old.key')
    await writeFile(keyFile, `${'0'.repeat(64)}\n`)
    const env = { NOW: first }
    const keys = [
      { id: 'now', keyEnv: 'NOW' },
      { id: 'old', keyFile },
    ]
    const fleet = Buffer.from('a key of the fleet of 32 characters')
    const section = { provider: 'sqlite', encryption: { keys } }
    const all = await openSealer(await storage(section, env), [fleet], env)
    const old = await openSealer(
      await storage({ provider: 'sqlite', encryption: { keys: keys.slice(1) } }),
      [],
      {},
    )
    const alone = await openSealer(await storage({}), [fleet], {})
    assert.ok(all && old && alone)
    assert.match(all.seal('x', 'p'), /^s1\.now\./)
    assert.deepEqual(all.open(old.seal('x', 'p'), 'p'), { text: 'x', stale: true })
    assert.deepEqual(all.open(alone.seal('x', 'p'), 'p'), { text: 'x', stale: true })
    assert.equal(old.open(all.seal('x', 'p'), 'p'), undefined)
    assert.equal(await openSealer(await storage({}), [], {}), undefined)
    const other = Buffer.from('another key of the fleet, 32 long')
    const both = await openSealer(await storage({}), [other, fleet], {})
    assert.deepEqual(both?.open(alone.seal('x', 'p'), 'p'), { text: 'x', stale: true })
    assert.deepEqual(both?.open(both.seal('x', 'p'), 'p'), { text: 'x', stale: false })
    assert.equal(alone.open(both.seal('x', 'p'), 'p'), undefined)
  })

  it('refuses a file that holds no key, without showing it', async () => {
    const keyFile = join(folder, 'bad.key')
    await writeFile(keyFile, 'my secret')
    const section = { provider: 'sqlite', encryption: { keys: [{ id: 'a', keyFile }] } }
    await assert.rejects(openSealer(await storage(section), [], {}), (error: Error) => {
      assert.match(error.message, /bad\.key/)
      assert.doesNotMatch(error.message, /my secret/)
      return true
    })
  })
})
