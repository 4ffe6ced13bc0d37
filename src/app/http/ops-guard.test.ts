import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createOpsGuard } from './ops-guard.ts'

const RULES = { allowedHosts: ['thv.example'], allowedOrigins: [] }

describe('createOpsGuard()', () => {
  it('lets in under the names of this machine, its own address and those listed', () => {
    const guard = createOpsGuard('127.0.0.2', RULES)
    for (const host of ['127.0.0.2:4483', '127.0.0.1', 'localhost:1', '[::1]:80', 'thv.example']) {
      assert.equal(guard({ host }), undefined, host)
    }
    const refused = guard({ host: 'evil.example' })
    assert.equal(refused?.code, 'MCP_HOST_NOT_ALLOWED')
    assert.match(`${refused.message} ${refused.hint}`, /evil\.example.*server\.allowedHosts/)
  })

  it('takes any name elsewhere, but no page of a stranger', () => {
    const guard = createOpsGuard('0.0.0.0', RULES)
    assert.equal(guard({ host: '10.0.0.7:4483' }), undefined)
    const refused = guard({ host: '10.0.0.7', origin: 'https://evil.example' })
    assert.equal(refused?.code, 'MCP_ORIGIN_NOT_ALLOWED')
    assert.match(`${refused.message} ${refused.hint}`, /Origin.*server\.allowedOrigins/)
  })
})
