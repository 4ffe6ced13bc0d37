import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fleetSecrets } from './fleet-secret.ts'

const ONE = '1'.repeat(32)
const TWO = '2'.repeat(32)
const NAMED = { keyEnv: 'MY_KEY', keyFile: undefined }

function texts(env: Record<string, string>): string[] {
  return fleetSecrets(undefined, env).map(String)
}

describe('fleetSecrets()', () => {
  it('reads one key, several in the order given, or none', () => {
    assert.deepEqual(texts({}), [])
    assert.deepEqual(texts({ THV_CLUSTER_KEY: '' }), [])
    assert.deepEqual(texts({ THV_CLUSTER_KEY: `${ONE}\n` }), [ONE])
    assert.deepEqual(texts({ THV_CLUSTER_KEY: `${TWO}, ${ONE}` }), [TWO, ONE])
    assert.deepEqual(texts({ THV_CLUSTER_KEY: `${TWO}\n${ONE}\n` }), [TWO, ONE])
  })

  it('refuses keys that are too short, and a variable that was named and is not set', () => {
    assert.throws(() => texts({ THV_CLUSTER_KEY: `${ONE},short` }), {
      code: 'CLUSTER_NO_KEY',
      message: /has 5 characters/,
    })
    assert.throws(() => texts({ THV_CLUSTER_KEY: ' , ' }), { code: 'CLUSTER_NO_KEY' })
    assert.throws(() => fleetSecrets(NAMED, {}), { code: 'CLUSTER_NO_KEY', message: /MY_KEY/ })
  })
})
