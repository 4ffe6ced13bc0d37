import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildCatalogue } from './build-catalogue.ts'
import { diffCatalogues } from './diff.ts'
import type { BackendOffer } from './offer.ts'
import { aggregationOf, toolNamed, toolsOffer } from './testing/samples.ts'

const NOTHING = {
  tools: false,
  resources: false,
  prompts: false,
  addedTools: [],
  removedTools: [],
  changedTools: [],
  renamedTools: [],
}

const built = (...offers: BackendOffer[]) => buildCatalogue(offers, aggregationOf('prefix'))
const offering = (parts: Partial<BackendOffer>) => toolsOffer('a', [], parts)

const CASES: {
  title: string
  before: Partial<BackendOffer>
  after: Partial<BackendOffer>
  diff: Partial<typeof NOTHING> | object
}[] = [
  {
    title: 'finds nothing in equal catalogues',
    before: { tools: [toolNamed('x')], resources: [{ uri: 'a' }], prompts: [{ name: 'p' }] },
    after: { tools: [toolNamed('x')], resources: [{ uri: 'a' }], prompts: [{ name: 'p' }] },
    diff: {},
  },
  {
    title: 'tells added, removed and changed tools apart',
    before: { tools: [toolNamed('x'), toolNamed('y', { description: 'old' })] },
    after: { tools: [toolNamed('y', { description: 'new' }), toolNamed('z', { title: 'Z' })] },
    diff: { tools: true, addedTools: ['a_z'], removedTools: ['a_x'], changedTools: ['a_y'] },
  },
  {
    title: 'sees a drifted schema',
    before: { tools: [toolNamed('x')] },
    after: { tools: [toolNamed('x', { inputSchema: { type: 'object', required: ['q'] } })] },
    diff: { tools: true, changedTools: ['a_x'] },
  },
  {
    title: 'sees a renamed tool',
    before: { tools: [toolNamed('x', { description: 'same' })] },
    after: { tools: [toolNamed('y', { description: 'same' })] },
    diff: {
      tools: true,
      addedTools: ['a_y'],
      removedTools: ['a_x'],
      renamedTools: [{ from: 'a_x', to: 'a_y' }],
    },
  },
  {
    title: 'counts templates among the resources',
    before: { resourceTemplates: [{ uriTemplate: 'x://{a}' }] },
    after: {},
    diff: { resources: true },
  },
  {
    title: 'sees prompts',
    before: {},
    after: { prompts: [{ name: 'p' }] },
    diff: { prompts: true },
  },
]

describe('diffCatalogues', () => {
  for (const { title, before, after, diff } of CASES) {
    it(title, () =>
      assert.deepEqual(diffCatalogues(built(offering(before)), built(offering(after))), {
        ...NOTHING,
        ...diff,
      }),
    )
  }

  it('sees a tool that moved to another backend under the same name', () => {
    const bare = aggregationOf('prefix', { prefixFormat: '' })
    const before = buildCatalogue([toolsOffer('a', ['x'])], bare)
    const after = buildCatalogue([toolsOffer('b', ['x'])], bare)
    assert.deepEqual(diffCatalogues(before, after).changedTools, ['x'])
    assert.notEqual(before.version, after.version)
  })

  it('goes with the version', () => {
    assert.equal(built(toolsOffer('a', ['x'])).version, built(toolsOffer('a', ['x'])).version)
    assert.notEqual(built(toolsOffer('a', ['x'])).version, built(toolsOffer('a', ['y'])).version)
  })
})
