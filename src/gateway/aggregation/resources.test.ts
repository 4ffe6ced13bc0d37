import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildCatalogue } from './build-catalogue.ts'
import { backendsToAsk, findCompletionTarget, findPrompt, findResource } from './lookup.ts'
import { createOffer } from './offer.ts'
import { TRANSPARENT } from './settings.ts'
import { aggregationOf, describedOffer, toolsOffer } from './testing/samples.ts'

const WITH_RESOURCES = { resources: {} }

describe('resources of several backends', () => {
  const catalogue = buildCatalogue(
    [
      describedOffer('b', WITH_RESOURCES, {
        resources: [{ uri: 'x://1', name: 'of b' }, { uri: 'x://2' }],
        resourceTemplates: [{ uriTemplate: 'x://{any}' }, { uriTemplate: 'y://{' }],
      }),
      describedOffer('a', WITH_RESOURCES, {
        resources: [{ uri: 'x://1', name: 'of a' }],
        resourceTemplates: [{ uriTemplate: 'x://{any}/{more}' }, { uriTemplate: 'x://{any}' }],
      }),
    ],
    aggregationOf('prefix', { excludeAllTools: true }),
  )

  it('keeps the first backend of a uri or template, by name, and never renames', () => {
    assert.deepEqual(
      catalogue.resources.map(({ uri, backend }) => [uri, backend]),
      [
        ['x://1', 'a'],
        ['x://2', 'b'],
      ],
    )
    assert.deepEqual(
      catalogue.templates.map(({ uriTemplate, backend }) => [uriTemplate, backend]),
      [
        ['x://{any}', 'a'],
        ['x://{any}/{more}', 'a'],
        ['y://{', 'b'],
      ],
    )
    assert.equal(catalogue.resources[0]?.definition['name'], 'of a')
  })

  it('says what was left out and what cannot be parsed', () => {
    assert.deepEqual(
      catalogue.notes.map(({ code, subject, backends }) => [code, subject, backends]),
      [
        ['duplicate-uri', 'x://1', ['a', 'b']],
        ['duplicate-uri', 'x://{any}', ['a', 'b']],
        ['bad-template', 'y://{', ['b']],
      ],
    )
  })

  it('finds the listed uri first, then the template, else nothing', () => {
    assert.equal(findResource(catalogue, 'x://2')?.backend, 'b')
    assert.equal(findResource(catalogue, 'x://3')?.backend, 'a')
    assert.equal(findResource(catalogue, 'x://3/4')?.backend, 'a')
    assert.equal(findResource(catalogue, 'z://1'), undefined)
  })
})

describe('resources of one backend', () => {
  it('sends it uris that it does not list, as tools may link to them', () => {
    const catalogue = buildCatalogue(
      [
        describedOffer('a', WITH_RESOURCES),
        describedOffer('tools-only', { tools: {} }),
        toolsOffer('workflows', ['w'], { own: true }),
      ],
      TRANSPARENT,
    )
    assert.equal(findResource(catalogue, 'any://thing'), undefined)
    assert.deepEqual(backendsToAsk(catalogue, 'any://thing'), ['a'])
  })

  it('may be those of one that was not reached yet', () => {
    const catalogue = buildCatalogue(
      [describedOffer('a', WITH_RESOURCES), createOffer('not-reached')],
      TRANSPARENT,
    )
    assert.deepEqual(backendsToAsk(catalogue, 'any://thing'), ['a', 'not-reached'])
  })

  it('are first looked for at those that have others of the scheme', () => {
    const catalogue = buildCatalogue(
      [
        describedOffer('a', WITH_RESOURCES),
        describedOffer('b', WITH_RESOURCES, { resources: [{ uri: 'demo://1' }] }),
        describedOffer('c', WITH_RESOURCES, { resourceTemplates: [{ uriTemplate: 'x:{a}' }] }),
      ],
      TRANSPARENT,
    )
    assert.deepEqual(backendsToAsk(catalogue, 'demo://other'), ['b', 'a', 'c'])
    assert.deepEqual(backendsToAsk(catalogue, 'x:1/2'), ['c', 'a', 'b'])
    assert.deepEqual(backendsToAsk(catalogue, 'no scheme'), ['b', 'c', 'a'])
  })
})

describe('prompts', () => {
  const promptsOf = (backend: string, names: string[]) =>
    createOffer(backend, { prompts: names.map((name) => ({ name, description: backend })) })

  const CASES: {
    title: string
    offers: [string, string[]][]
    config: Parameters<typeof aggregationOf>
    shown: Record<string, string>
    notes?: string[]
  }[] = [
    {
      title: 'are prefixed by every strategy',
      offers: [
        ['a', ['p']],
        ['b', ['p']],
      ],
      config: ['manual', { prefixFormat: '{workload}.' }],
      shown: { 'a.p': 'a.p', 'b.p': 'b.p' },
    },
    {
      title: 'stay bare for backends in priorityOrder, of which the best has a shared name',
      offers: [
        ['a', ['p', 'q']],
        ['b', ['p', 'r']],
        ['c', ['p']],
      ],
      config: ['priority', { priorityOrder: ['b', 'a'] }],
      shown: { p: 'b.p', q: 'a.q', r: 'b.r', c_p: 'c.p' },
      notes: ['priority-dropped'],
    },
    {
      title: 'go to nobody if different names become one through prefixes',
      offers: [
        ['a', ['b_c', 'x']],
        ['a_b', ['c']],
      ],
      config: ['prefix'],
      shown: { a_x: 'a.x' },
      notes: ['prompt-collision'],
    },
    {
      title: 'stay bare without prefixFormat',
      offers: [['a', ['p', 'q']]],
      config: ['prefix', { prefixFormat: '' }],
      shown: { p: 'a.p', q: 'a.q' },
    },
  ]

  for (const { title, offers, config, shown, notes = [] } of CASES) {
    it(title, () => {
      const catalogue = buildCatalogue(
        offers.map(([backend, names]) => promptsOf(backend, names)),
        aggregationOf(...config),
      )
      assert.deepEqual(
        Object.fromEntries(
          catalogue.prompts.map((each) => [each.name, `${each.backend}.${each.nativeName}`]),
        ),
        shown,
      )
      assert.deepEqual(
        catalogue.notes.map((note) => note.code),
        notes,
      )
      for (const { name, definition } of catalogue.prompts) {
        assert.equal(definition.name, name)
        assert.equal(findPrompt(catalogue, name)?.definition, definition)
      }
    })
  }
})

describe('findCompletionTarget', () => {
  const catalogue = buildCatalogue(
    [
      describedOffer('a', WITH_RESOURCES, {
        prompts: [{ name: 'p' }],
        resourceTemplates: [{ uriTemplate: 'x://{any}' }],
      }),
      describedOffer('b', WITH_RESOURCES, { resources: [{ uri: 'y://1' }] }),
    ],
    aggregationOf('prefix'),
  )

  it('speaks of prompts under the name the backend gave them', () => {
    const ref = { type: 'ref/prompt', name: 'a_p', title: 'P' }
    assert.deepEqual(findCompletionTarget(catalogue, ref), {
      backend: 'a',
      ref: { ...ref, name: 'p' },
    })
  })

  it('finds templates as they are written, and uris', () => {
    for (const [uri, backend] of [
      ['x://{any}', 'a'],
      ['x://1', 'a'],
      ['y://1', 'b'],
    ] as const) {
      const ref = { type: 'ref/resource', uri }
      assert.deepEqual(findCompletionTarget(catalogue, ref), { backend, ref })
    }
  })

  it('knows nothing else', () => {
    for (const ref of [
      { type: 'ref/prompt', name: 'p' },
      { type: 'ref/prompt' },
      { type: 'ref/resource', uri: 'z://1' },
      { type: 'ref/resource', uri: 1 },
      { type: 'ref/tool', name: 'a_p' },
      {},
    ]) {
      assert.equal(findCompletionTarget(catalogue, ref), undefined)
    }
  })
})
