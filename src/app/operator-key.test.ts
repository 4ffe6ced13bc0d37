import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { findOperatorKey, openOperatorKey, operatorKeyFile } from './operator-key.ts'

describe('the key of the operator', () => {
  let folder: string
  let env: Record<string, string>
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'thv-key-'))
    env = { HOME: folder, XDG_STATE_HOME: join(folder, 'state') }
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('is made once, for the user alone, however many gateways start', async () => {
    assert.equal(await findOperatorKey(env), undefined)
    const keys = await Promise.all(Array.from({ length: 5 }, () => openOperatorKey(env)))
    assert.equal(new Set(keys).size, 1)
    assert.match(keys[0]!, /^[0-9a-f]{64}$/)
    assert.equal(await findOperatorKey(env), keys[0])
    assert.equal(statSync(operatorKeyFile(env)).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(join(folder, 'state', 'toolhive')), ['operator-key'])
  })

  it('is not believed when others can read it', async () => {
    await openOperatorKey(env)
    chmodSync(operatorKeyFile(env), 0o644)
    for (const ask of [findOperatorKey, openOperatorKey]) {
      await assert.rejects(ask(env), { code: 'APP_OPERATOR_KEY', message: /others can read/ })
    }
  })

  it('can be given by the environment; a folder that cannot be written is told of', async () => {
    writeFileSync(join(folder, 'state'), 'no folder')
    assert.equal(await openOperatorKey({ ...env, THV_OPERATOR_KEY: 'given' }), 'given')
    await assert.rejects(openOperatorKey(env), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, 'APP_OPERATOR_KEY')
      assert.match(error.hint, /THV_OPERATOR_KEY/)
      return true
    })
  })
})
