import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Ending } from './call-until-answered.ts'
import { createStateWatch } from './state-watch.ts'

const result = (text: string, lostState = false): Ending => ({
  kind: 'normal',
  text,
  lostState,
  retries: 0,
  reasons: [],
})

describe('what a client knows of its state', () => {
  it('is contradicted by a count that goes back', () => {
    const watch = createStateWatch()
    for (const text of ['1', '2', '5', '3', '4']) watch.see('shop_count', result(text))
    assert.deepEqual(watch.untrue(), ['its count went from 5 to 3'])
  })

  it('is not, where it was told of the loss, by whatever call', () => {
    const watch = createStateWatch()
    watch.see('shop_count', result('5'))
    watch.see('shop_count', result('1'))
    watch.see('shop_look', result('look', true))
    assert.deepEqual(watch.untrue(), [])
  })

  it('begins anew with another session', () => {
    const watch = createStateWatch()
    watch.see('shop_count', result('5'))
    watch.see('shop_look', { ...result(''), kind: 'dead' })
    watch.see('shop_count', result('1'))
    assert.deepEqual(watch.untrue(), [])
  })
})
