import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildCatalogue } from './build-catalogue.ts'
import { aggregationOf, toolNamed, toolsOffer } from './testing/samples.ts'

const offers = [toolsOffer('gh', ['list', 'search', 'view']), toolsOffer('jira', ['search'])]

const CASES: {
  title: string
  parts: Parameters<typeof aggregationOf>[1]
  shown: string[]
  matchedBefore?: string[]
}[] = [
  {
    title: 'shows everything by default',
    parts: {},
    shown: ['gh_list', 'gh_search', 'gh_view', 'jira_search'],
  },
  {
    title: 'shows what a filter names, of that backend only',
    parts: { tools: [{ workload: 'gh', filter: ['view', 'list'] }] },
    shown: ['gh_list', 'gh_view', 'jira_search'],
  },
  {
    title: 'takes an empty filter for no filter',
    parts: { tools: [{ workload: 'gh', filter: [] }] },
    shown: ['gh_list', 'gh_search', 'gh_view', 'jira_search'],
  },
  {
    title: 'filters by the name after the override',
    parts: {
      tools: [{ workload: 'gh', filter: ['find'], overrides: { search: { name: 'find' } } }],
    },
    shown: ['gh_find', 'jira_search'],
  },
  {
    title: 'filters by the name before the override too, and says so',
    parts: {
      tools: [{ workload: 'gh', filter: ['search'], overrides: { search: { name: 'find' } } }],
    },
    shown: ['gh_find', 'jira_search'],
    matchedBefore: ['search'],
  },
  {
    title: 'prefers the name after the override where both exist',
    parts: {
      tools: [
        {
          workload: 'gh',
          filter: ['view'],
          overrides: { search: { name: 'view' }, view: { name: 'show' } },
        },
      ],
    },
    shown: ['gh_view', 'jira_search'],
  },
  {
    title: 'does not take prefixed names for filter entries',
    parts: { tools: [{ workload: 'gh', filter: ['gh_view', 'list'] }] },
    shown: ['gh_list', 'jira_search'],
  },
  {
    title: 'hides all of a backend by excludeAll, filter or not',
    parts: { tools: [{ workload: 'gh', excludeAll: true, filter: ['list'] }] },
    shown: ['jira_search'],
  },
  { title: 'hides all backends by excludeAllTools', parts: { excludeAllTools: true }, shown: [] },
  {
    title: 'hides backends without an entry by defaultToolVisibility deny',
    parts: { defaultToolVisibility: 'deny', tools: [{ workload: 'jira' }] },
    shown: ['jira_search'],
  },
]

describe('visibility of tools', () => {
  for (const { title, parts, shown, matchedBefore = [] } of CASES) {
    it(title, () => {
      const catalogue = buildCatalogue(offers, aggregationOf('prefix', parts))
      assert.deepEqual(
        catalogue.tools.map((tool) => tool.name),
        shown,
      )
      assert.deepEqual(
        catalogue.notes
          .filter((note) => note.code === 'filter-matched')
          .map((note) => note.subject),
        matchedBefore,
      )
    })
  }
})

describe('overrides', () => {
  const original = toolNamed('t', {
    title: 'Old',
    description: 'old',
    annotations: { title: 'Old', readOnlyHint: false, destructiveHint: true, vendor: 'x' },
  })

  const overridden = (override: object) =>
    buildCatalogue(
      [{ ...toolsOffer('a', []), tools: [original] }],
      aggregationOf('manual', { tools: [{ workload: 'a', overrides: { t: override } }] }),
    ).tools[0]

  it('replaces name and description and keeps the rest', () => {
    assert.deepEqual(overridden({ name: 'n', description: '' })?.definition, {
      ...original,
      name: 'n',
      description: '',
    })
  })

  it('replaces single annotations, false and empty ones too', () => {
    const tool = overridden({ annotations: { destructiveHint: false, idempotentHint: true } })
    assert.deepEqual(tool?.definition['annotations'], {
      title: 'Old',
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: true,
      vendor: 'x',
    })
    assert.equal(tool?.definition['title'], 'Old')
    assert.deepEqual(tool?.route.annotations, tool?.definition['annotations'])
  })

  it('replaces the title that clients show first as well', () => {
    const tool = overridden({ annotations: { title: 'New', openWorldHint: undefined } })
    assert.equal(tool?.definition['title'], 'New')
    assert.equal(tool?.route.annotations['title'], 'New')
    assert.ok(!('openWorldHint' in tool.route.annotations))
  })

  it('leaves the definition of the backend untouched', () => {
    const before = structuredClone(original)
    overridden({ name: 'n', annotations: { readOnlyHint: true } })
    assert.deepEqual(original, before)
  })
})
