import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { safeEnv } from './safe-env.ts'

describe('safeEnv', () => {
  it('hands on where the CAs are, and no secrets or proxies', () => {
    const own = {
      PATH: '/bin',
      NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
      SSL_CERT_FILE: '/etc/ca.pem',
      HTTPS_PROXY: 'http://me:pw@proxy',
      GITHUB_TOKEN: 'x',
    }
    assert.deepEqual(safeEnv({}, own), {
      PATH: '/bin',
      NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
      SSL_CERT_FILE: '/etc/ca.pem',
    })
  })

  it('lets what is added win', () => {
    assert.deepEqual(safeEnv({ PATH: '/only' }, { PATH: '/bin' }), { PATH: '/only' })
  })
})
