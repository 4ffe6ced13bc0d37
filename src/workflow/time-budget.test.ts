import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../base/json.ts'
import { renderPath } from '../schema/problem.ts'
import { parseDefinition } from './compile-plan.ts'
import { budgetWarnings } from './time-budget.ts'

describe('budgetWarnings', () => {
  it('6.6: is silent when the rounds fit: 100 iterations, 10 at once, of 30s in 30 minutes', () => {
    assert.deepEqual(warnings([loop({})]), [])
    assert.deepEqual(warnings([loop({ timeout: '5m' })]), [])
  })

  it('6.6: measures a loop against its own timeout, and says the smallest setting that fits', () => {
    assert.deepEqual(warnings([loop({ maxIterations: 1000, maxParallel: 40, timeout: '12m' })]), [
      'steps[0].timeout: 1000 iterations, 40 at once, are 25 rounds of up to 30s = 12m30s, but its timeout is 12m0s' +
        ' → timeout: 12m30s here, maxParallel: 42, maxIterations: 960, timeout: 28s of the inner step',
    ])
  })

  it('6.6: does not bound a loop by the default timeout of steps', () => {
    const each = { id: 'i', tool: 'x', timeout: '1m' }
    assert.deepEqual(warnings([loop({ step: each })]), [])
  })

  it('measures it against the time of the run, and not at all without one', () => {
    const steps = [loop({ maxIterations: 1000 })]
    assert.deepEqual(warnings(steps), [
      'steps[0]: 1000 iterations, 10 at once, are 100 rounds of up to 30s = 50m0s, but the timeout of the run is 30m0s' +
        ' → timeout: 50m0s of the composite tool, maxParallel: 17, maxIterations: 600, timeout: 18s of the inner step',
    ])
    assert.deepEqual(warnings(steps, { timeout: '0' }), [])
    assert.deepEqual(warnings(steps, { timeout: '50m' }), [])
  })

  it('names both timeouts when both are too short', () => {
    const [shorterRun] = warnings([loop({ timeout: '4m' })], { timeout: '3m' })
    assert.match(
      shorterRun ?? '',
      /the timeout of the run is 3m0s → timeout: 5m0s here and of the composite tool,/,
    )
    const [shorterLoop] = warnings([loop({ timeout: '3m' })], { timeout: '4m' })
    assert.match(
      shorterLoop ?? '',
      /its timeout is 3m0s → timeout: 5m0s here and of the composite tool,/,
    )
  })

  it('counts an inner timeout for all tries, and a call without one once per try', () => {
    const retry = { action: 'retry', retryCount: 3 }
    const inner = { id: 'i', tool: 'x', onError: retry }
    const [untimed] = warnings([loop({ step: inner, timeout: '5m' })])
    assert.match(untimed ?? '', /10 rounds of up to 2m0s = 20m0s/)
    assert.deepEqual(warnings([loop({ step: { ...inner, timeout: '30s' }, timeout: '5m' })]), [])
    const [capped] = warnings([loop({ step: { id: 'i', tool: 'slow' } })])
    assert.match(capped ?? '', /10 rounds of up to 5m0s = 50m0s/)
  })

  it('offers only what helps', () => {
    const [tooLong] = warnings([loop({ step: { id: 'i', tool: 'x', timeout: '1h' } })])
    assert.match(
      tooLong ?? '',
      /→ timeout: 10h0m0s of the composite tool, timeout: 3m0s of the inner step$/,
    )
    const [tooMany] = warnings([loop({ maxIterations: 1000, timeout: '1m' })])
    assert.doesNotMatch(tooMany ?? '', /maxParallel/)
  })

  it('adds up loops that run one after the other', () => {
    const steps = [
      loop({ id: 'a' }),
      { id: 'b', tool: 'x', dependsOn: ['a'] },
      loop({ id: 'c', dependsOn: ['b'] }),
      loop({ id: 'd' }),
    ]
    assert.deepEqual(warnings(steps, { timeout: '10m' }), [])
    assert.deepEqual(warnings(steps, { timeout: '9m' }), [
      'steps[2]: the loops a, c, one after the other, may take 10m0s, but the timeout of the run is 9m0s' +
        ' → timeout: 10m0s of the composite tool',
    ])
  })
})

function loop(more: JsonObject): JsonObject {
  const step = { id: 'i', tool: 'x' }
  return { id: 'a', type: 'forEach', collection: '{{.params.items}}', step, ...more }
}

function warnings(steps: Json[], more: JsonObject = {}): string[] {
  const plan = parseDefinition({ name: 't', description: 'd', steps, ...more })
  const found = budgetWarnings(plan, (tool) => (tool === 'slow' ? 3_600_000 : 30_000))
  return found.map(({ path, reason, hint = '', severity }) => {
    assert.equal(severity, 'warning')
    return `${renderPath(path)}: ${reason} → ${hint.replace('the smallest change that fits is one of ', '')}`
  })
}
