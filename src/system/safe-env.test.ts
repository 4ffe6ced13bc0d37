import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { safeEnv } from './safe-env.ts'

describe('safeEnv', () => {
  it('hands on where the CAs are, and no secrets or proxies', (t) => {
    const names = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'HTTPS_PROXY', 'GITHUB_TOKEN']
    for (const name of names) {
      const before = process.env[name]
      t.after(() => {
        if (before === undefined) delete process.env[name]
        else process.env[name] = before
      })
      process.env[name] = `/etc/${name}`
    }
    const env = safeEnv({})
    assert.equal(env['NODE_EXTRA_CA_CERTS'], '/etc/NODE_EXTRA_CA_CERTS')
    assert.equal(env['SSL_CERT_FILE'], '/etc/SSL_CERT_FILE')
    assert.equal(env['HTTPS_PROXY'], undefined)
    assert.equal(env['GITHUB_TOKEN'], undefined)
  })

  it('lets what is added win', () => {
    assert.equal(safeEnv({ PATH: '/only' })['PATH'], '/only')
  })
})
