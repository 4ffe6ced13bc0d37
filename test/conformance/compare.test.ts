import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countChecks, countScored, findLosses } from './compare.ts'
import type { CheckStatus, SuiteResult } from './suite.ts'

describe('findLosses', () => {
  it('finds nothing when both runs agree', () => {
    const run = suite({ ping: [['ping', 'SUCCESS']] })
    assert.deepEqual(findLosses(run, run), [])
  })

  it('names a check that fails, warns, is skipped or is missing only through the gateway', () => {
    const direct = suite({
      a: [
        ['fails', 'SUCCESS'],
        ['warns', 'SUCCESS'],
        ['skipped', 'SUCCESS'],
        ['missing', 'SUCCESS'],
        ['failed-before', 'FAILURE'],
      ],
    })
    const gateway = suite({
      a: [
        ['fails', 'FAILURE'],
        ['warns', 'WARNING'],
        ['skipped', 'SKIPPED'],
        ['failed-before', 'FAILURE'],
      ],
    })
    assert.deepEqual(
      findLosses(direct, gateway).map(({ check, gateway: now }) => [check, now]),
      [
        ['a:fails', 'FAILURE'],
        ['a:missing', 'absent'],
        ['a:skipped', 'SKIPPED'],
        ['a:warns', 'WARNING'],
      ],
    )
  })

  it('takes the worst of several checks with one id', () => {
    const direct = suite({ a: [['id', 'SUCCESS']] })
    const gateway = suite({
      a: [
        ['id', 'SUCCESS'],
        ['id', 'FAILURE'],
      ],
    })
    assert.equal(findLosses(direct, gateway).length, 1)
  })

  it('names a failure that the direct run had no check for', () => {
    const gateway = suite({ a: [['new', 'FAILURE']] })
    assert.equal(findLosses(suite({}), gateway)[0]?.check, 'a:new')
  })
})

describe('counting', () => {
  it('counts a scored scenario that did not run as failed', () => {
    const run = suite({ a: [['x', 'WARNING']], b: [['y', 'FAILURE']] })
    assert.equal(countScored(run, ['a', 'b', 'c']), 1)
    assert.deepEqual(countChecks(run), { passed: 0, failed: 1 })
  })
})

function suite(checks: Record<string, [id: string, status: CheckStatus][]>): SuiteResult {
  return new Map(
    Object.entries(checks).map(([scenario, list]) => [
      scenario,
      list.map(([id, status]) => ({ id, status })),
    ]),
  )
}
