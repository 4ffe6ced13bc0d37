import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { findApiKey, openApiKey, apiKeyFile } from './api-key.ts'

describe('the key of the API', () => {
  let folder: string
  let env: Record<string, string>
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'thv-key-'))
    env = { HOME: folder, XDG_STATE_HOME: join(folder, 'state') }
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('is made once, for the user alone, however many gateways start', async () => {
    assert.equal(await findApiKey(env), undefined)
    const keys = await Promise.all(Array.from({ length: 5 }, () => openApiKey(env)))
    assert.equal(new Set(keys).size, 1)
    assert.match(keys[0]!, /^[0-9a-f]{64}$/)
    assert.equal(await findApiKey(env), keys[0])
    assert.equal(statSync(apiKeyFile(env)).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(join(folder, 'state', 'toolhive')), ['api-key'])
  })

  it('is not believed when others can read it', async () => {
    await openApiKey(env)
    chmodSync(apiKeyFile(env), 0o644)
    for (const ask of [findApiKey, openApiKey]) {
      await assert.rejects(ask(env), { code: 'APP_API_KEY', message: /others can read/ })
    }
  })

  it('can be given by the environment; a folder that cannot be written is told of', async () => {
    writeFileSync(join(folder, 'state'), 'no folder')
    assert.equal(await openApiKey({ ...env, THV_API_KEY: 'given' }), 'given')
    await assert.rejects(openApiKey(env), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, 'APP_API_KEY')
      assert.match(error.hint, /THV_API_KEY/)
      return true
    })
  })
})
