import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildCatalogue } from './aggregation/build-catalogue.ts'
import { aggregationOf, toolsOffer } from './aggregation/testing/samples.ts'
import { makeCall } from './testing/fake-backend.ts'
import { clientToolName } from './tool-name.ts'

const CATALOGUE = buildCatalogue(
  [toolsOffer('calc', ['add', 'hidden'])],
  aggregationOf('prefix', {
    prefixFormat: '{workload}_',
    tools: [{ workload: 'calc', filter: ['add'], overrides: { add: { name: 'plus' } } }],
  }),
)
const origin = { workflow: 'w', run: 'r', step: 's' }

const nameOf = (name: string | undefined, isInner: boolean) =>
  clientToolName(
    makeCall({
      params: name === undefined ? {} : { name },
      ...(isInner ? { origin } : {}),
    }),
    CATALOGUE,
  )

describe('clientToolName()', () => {
  it('is what a client says', () => {
    assert.equal(nameOf('calc_plus', false), 'calc_plus')
    assert.equal(nameOf('calc.add', false), 'calc.add')
    assert.equal(nameOf(undefined, false), undefined)
  })

  it('is the same for a step, whichever of the names of a tool it uses', () => {
    assert.deepEqual(
      ['calc_plus', 'calc.add', 'calc_hidden', 'calc.hidden', 'nothing'].map((name) =>
        nameOf(name, true),
      ),
      ['calc_plus', 'calc_plus', 'calc_hidden', 'calc_hidden', 'nothing'],
    )
  })
})
