import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { buildCatalogue } from './build-catalogue.ts'
import type { Catalogue } from './catalogue.ts'
import { findTool, findToolForStep } from './lookup.ts'
import type { BackendOffer } from './offer.ts'
import { TRANSPARENT } from './settings.ts'
import { aggregationOf, toolNamed, toolsOffer } from './testing/samples.ts'

const github = toolsOffer('github', ['create_issue', 'search'])
const jira = toolsOffer('jira', ['create_issue', 'transition'])

const STRATEGIES: {
  title: string
  offers: BackendOffer[]
  config: Parameters<typeof aggregationOf>
  shown: Record<string, string>
  notes?: string[]
  problems?: string[]
}[] = [
  {
    title: 'prefix: prefixes every name, conflict or not',
    offers: [github, jira],
    config: ['prefix'],
    shown: {
      github_create_issue: 'github.create_issue',
      github_search: 'github.search',
      jira_create_issue: 'jira.create_issue',
      jira_transition: 'jira.transition',
    },
  },
  {
    title: 'prefix: replaces {workload} wherever it stands',
    offers: [toolsOffer('a$&', ['t'])],
    config: ['prefix', { prefixFormat: '{workload}.x.{workload}-' }],
    shown: { 'a$&.x.a$&-t': 'a$&.t' },
    notes: ['name-characters'],
  },
  {
    title: 'prefix: a format without {workload} is a constant',
    offers: [github],
    config: ['prefix', { prefixFormat: 'v1-' }],
    shown: { 'v1-create_issue': 'github.create_issue', 'v1-search': 'github.search' },
  },
  {
    title: 'prefix: an empty format leaves names bare, the first backend has a shared one',
    offers: [jira, github],
    config: ['prefix', { prefixFormat: '' }],
    shown: {
      create_issue: 'github.create_issue',
      search: 'github.search',
      transition: 'jira.transition',
    },
    notes: ['name-collision'],
  },
  {
    title: 'prefix: settles a collision of prefixed names the same way every time',
    offers: [toolsOffer('a_b', ['c']), toolsOffer('a', ['b_c'])],
    config: ['prefix'],
    shown: { a_b_c: 'a.b_c' },
    notes: ['name-collision'],
  },
  {
    title: 'prefix: a hidden tool does not take the name of a shown one',
    offers: [toolsOffer('a', ['b_c']), toolsOffer('a_b', ['c'])],
    config: ['prefix', { tools: [{ workload: 'a', excludeAll: true }] }],
    shown: { a_b_c: 'a_b.c' },
    notes: ['name-collision'],
  },
  {
    title: 'priority: unique names stay bare, the best listed backend has a shared one',
    offers: [github, jira],
    config: ['priority', { priorityOrder: ['jira', 'github'] }],
    shown: {
      create_issue: 'jira.create_issue',
      search: 'github.search',
      transition: 'jira.transition',
    },
    notes: ['priority-dropped'],
  },
  {
    title: 'priority: an unlisted backend loses to a listed one',
    offers: [github, jira],
    config: ['priority', { priorityOrder: ['jira'] }],
    shown: {
      create_issue: 'jira.create_issue',
      search: 'github.search',
      transition: 'jira.transition',
    },
    notes: ['priority-dropped'],
  },
  {
    title: 'priority: if none is listed all stay, with {workload}_ whatever prefixFormat says',
    offers: [github, jira, toolsOffer('other', ['x'])],
    config: ['priority', { priorityOrder: ['other'], prefixFormat: '{workload}.' }],
    shown: {
      github_create_issue: 'github.create_issue',
      jira_create_issue: 'jira.create_issue',
      search: 'github.search',
      transition: 'jira.transition',
      x: 'other.x',
    },
  },
  {
    title: 'priority: a bare name goes before one made by the fixed prefix',
    offers: [toolsOffer('a', ['t']), toolsOffer('b', ['t']), toolsOffer('c', ['a_t'])],
    config: ['priority', { priorityOrder: ['x'] }],
    shown: { a_t: 'c.a_t', b_t: 'b.t' },
    notes: ['name-collision'],
  },
  {
    title: 'priority: a hidden tool of a better backend keeps the name, and that is told',
    offers: [github, jira],
    config: [
      'priority',
      { priorityOrder: ['jira', 'github'], tools: [{ workload: 'jira', excludeAll: true }] },
    ],
    shown: { search: 'github.search' },
    notes: ['priority-dropped'],
  },
  {
    title: 'manual: overrides make names different',
    offers: [github, jira],
    config: [
      'manual',
      { tools: [{ workload: 'jira', overrides: { create_issue: { name: 'new_ticket' } } }] },
    ],
    shown: {
      create_issue: 'github.create_issue',
      new_ticket: 'jira.create_issue',
      search: 'github.search',
      transition: 'jira.transition',
    },
  },
  {
    title: 'manual: a conflict that is left is a problem and the name goes to nobody',
    offers: [github, jira],
    config: ['manual', { tools: [{ workload: 'jira' }] }],
    shown: { search: 'github.search', transition: 'jira.transition' },
    problems: ['Unresolved conflict: tool "create_issue" is offered by "github", "jira"'],
  },
  {
    title: 'manual: hiding one of two resolves the conflict',
    offers: [github, jira],
    config: ['manual', { tools: [{ workload: 'github', filter: ['search'] }] }],
    shown: {
      create_issue: 'jira.create_issue',
      search: 'github.search',
      transition: 'jira.transition',
    },
    notes: ['name-taken'],
  },
  {
    title: 'manual: renaming into a name of the same backend is a problem',
    offers: [github],
    config: [
      'manual',
      { tools: [{ workload: 'github', overrides: { search: { name: 'create_issue' } } }] },
    ],
    shown: { create_issue: 'github.create_issue' },
    problems: [
      'Override renames tool "search" of backend "github" to "create_issue", which another tool of that backend has',
    ],
  },
]

describe('buildCatalogue: conflicts', () => {
  for (const { title, offers, config, shown, notes = [], problems = [] } of STRATEGIES) {
    it(title, () => {
      const catalogue = buildCatalogue(offers, aggregationOf(...config))
      assert.deepEqual(shownOf(catalogue), shown)
      assert.deepEqual(
        catalogue.notes.map((note) => note.code),
        notes,
      )
      assert.deepEqual(
        catalogue.problems.map((problem) => problem.message),
        problems,
      )
    })
  }

  it('swaps two names within a backend', () => {
    const catalogue = buildCatalogue(
      [toolsOffer('a', ['x', 'y'])],
      aggregationOf('manual', {
        tools: [{ workload: 'a', overrides: { x: { name: 'y' }, y: { name: 'x' } } }],
      }),
    )
    assert.deepEqual(shownOf(catalogue), { x: 'a.y', y: 'a.x' })
    assert.deepEqual(catalogue.problems, [])
  })
})

describe('buildCatalogue: one backend', () => {
  it('passes everything through as the backend says it', () => {
    const tool = toolNamed('t', {
      title: 'T',
      icons: [{ src: 'x' }],
      outputSchema: { type: 'array' },
      execution: { taskSupport: 'required' },
      annotations: { readOnlyHint: true, vendor: 1 },
      _meta: { 'io.modelcontextprotocol/ui': { resourceUri: 'ui://x' } },
    })
    const prompt = { name: 'p', arguments: [{ name: 'a' }], icons: [] }
    const resource = { uri: 'file:///a', name: 'a', size: 3 }
    const template = { uriTemplate: 'file:///{p}', name: 'f' }
    const catalogue = buildCatalogue(
      [
        {
          ...toolsOffer('only', []),
          tools: [tool],
          prompts: [prompt],
          resources: [resource],
          resourceTemplates: [template],
        },
      ],
      TRANSPARENT,
    )
    assert.equal(catalogue.tools[0]?.definition, tool)
    assert.equal(catalogue.prompts[0]?.definition, prompt)
    assert.equal(catalogue.resources[0]?.definition, resource)
    assert.equal(catalogue.templates[0]?.definition, template)
    assert.deepEqual(catalogue.notes, [])
  })
})

describe('buildCatalogue: names', () => {
  const long = 'l'.repeat(60)

  it('notes names that clients may refuse', () => {
    const catalogue = buildCatalogue(
      [toolsOffer('github', [long, 'bad name'])],
      aggregationOf('prefix'),
    )
    assert.deepEqual(
      catalogue.notes.map((note) => [note.code, note.subject]),
      [
        ['name-characters', 'github_bad name'],
        ['name-too-long', `github_${long}`],
      ],
    )
    assert.equal(catalogue.tools.length, 2)
    const hiding = aggregationOf('prefix')
    const { notes } = buildCatalogue([toolsOffer('github', [long, 'bad name'])], {
      ...hiding,
      excludeAllTools: true,
    })
    assert.deepEqual(notes, [], 'of what nobody sees')
  })

  it('shortens names when asked, each to its own', () => {
    const names = [`${long}a`, `${long}b`]
    const catalogue = buildCatalogue(
      [toolsOffer('github', names)],
      aggregationOf('prefix', { maxToolNameLength: 32 }),
    )
    const shown = catalogue.tools.map((tool) => tool.name)
    assert.equal(new Set(shown).size, 2)
    for (const { name, definition, route } of catalogue.tools) {
      assert.match(name, /^github_l{16}_[0-9a-f]{8}$/)
      assert.equal(definition.name, name)
      assert.ok(names.includes(route.nativeName))
    }
    assert.deepEqual(
      buildCatalogue(
        [toolsOffer('github', names.toReversed())],
        aggregationOf('prefix', { maxToolNameLength: 32 }),
      ).tools.map((tool) => tool.name),
      shown,
    )
  })

  it('takes the first of a name that a backend lists twice', () => {
    const first = toolNamed('t', { description: 'first' })
    const catalogue = buildCatalogue(
      [{ ...toolsOffer('a', []), tools: [first, toolNamed('t')] }],
      TRANSPARENT,
    )
    assert.equal(catalogue.tools[0]?.definition, first)
    assert.deepEqual(
      catalogue.notes.map((note) => note.code),
      ['duplicate-in-backend'],
    )
  })

  it('survives names that are members of every object', () => {
    const names = ['__proto__', 'constructor', 'toString']
    const catalogue = buildCatalogue(
      [toolsOffer('a', names)],
      aggregationOf('manual', { tools: [{ workload: 'a' }] }),
    )
    assert.deepEqual(
      catalogue.tools.map((tool) => tool.name),
      names,
    )
  })
})

describe('buildCatalogue: x-mcp-header', () => {
  const annotated = (header: unknown) => ({
    inputSchema: {
      type: 'object',
      properties: { region: { type: 'string', 'x-mcp-header': header } },
    },
  })

  it('compiles valid annotations and leaves out tools with broken ones', () => {
    const catalogue = buildCatalogue(
      [
        {
          ...toolsOffer('a', ['plain']),
          tools: [
            toolNamed('good', annotated('Region') as never),
            toolNamed('bad', annotated('not a token') as never),
            toolNamed('plain'),
          ],
        },
      ],
      aggregationOf('prefix'),
    )
    assert.deepEqual(
      catalogue.tools.map((tool) => tool.name),
      ['a_good', 'a_plain'],
    )
    assert.deepEqual(
      [...(findTool(catalogue, 'a_good')?.paramHeaders ?? [])],
      [['region', { path: ['region'], type: 'string' }]],
    )
    assert.equal(findTool(catalogue, 'a_plain')?.paramHeaders, undefined)
    assert.equal(findTool(catalogue, 'a_bad'), undefined)
    assert.deepEqual(
      catalogue.notes.map((note) => [note.code, note.subject]),
      [['bad-param-header', 'bad']],
    )
  })
})

describe('buildCatalogue: tools of our own', () => {
  const own = toolsOffer('workflows', ['deploy', 'search'], { own: true })

  it('keeps their names and shows them though all backend tools are hidden', () => {
    const catalogue = buildCatalogue(
      [github, own],
      aggregationOf('prefix', { excludeAllTools: true, defaultToolVisibility: 'deny' }),
    )
    assert.deepEqual(shownOf(catalogue), {
      deploy: 'workflows.deploy',
      search: 'workflows.search',
    })
  })

  it('leaves out only the one whose name a backend has', () => {
    const catalogue = buildCatalogue(
      [own, github],
      aggregationOf('priority', { priorityOrder: ['github'] }),
    )
    assert.deepEqual(shownOf(catalogue), {
      create_issue: 'github.create_issue',
      deploy: 'workflows.deploy',
      search: 'github.search',
    })
    assert.deepEqual(
      catalogue.notes.map((note) => note.code),
      ['own-name-taken'],
    )
  })
})

describe('buildCatalogue: properties', () => {
  const name = fc.constantFrom('a', 'b', 'a_b', 'b_a', 'c', '_')
  const offers = fc.uniqueArray(
    fc.record({ backend: name, tools: fc.uniqueArray(name), prompts: fc.uniqueArray(name) }),
    { selector: (offer) => offer.backend, maxLength: 5 },
  )
  const config = fc
    .record({
      strategy: fc.constantFrom('prefix' as const, 'priority' as const, 'manual' as const),
      prefixFormat: fc.constantFrom('{workload}_', '', 'x', '{workload}'),
      priorityOrder: fc.uniqueArray(name),
      hidden: fc.option(name, { nil: undefined }),
    })
    .map(({ strategy, hidden, ...rest }) =>
      aggregationOf(strategy, {
        ...rest,
        tools: hidden === undefined ? [] : [{ workload: hidden, excludeAll: true }],
      }),
    )
  const toOffers = (drawn: { backend: string; tools: string[]; prompts: string[] }[]) =>
    drawn.map(({ backend, tools, prompts }) =>
      toolsOffer(backend, tools, { prompts: prompts.map((each) => ({ name: each })) }),
    )

  it('does not depend on the order of backends or of their tools', () => {
    fc.assert(
      fc.property(offers, config, fc.infiniteStream(fc.nat()), (drawn, settings, random) => {
        const shuffled = drawn
          .map((offer) => ({
            ...offer,
            tools: offer.tools.toReversed(),
            order: random.next().value,
          }))
          .sort((a, b) => a.order - b.order)
        const first = buildCatalogue(toOffers(drawn), settings)
        const second = buildCatalogue(toOffers(shuffled), settings)
        assert.deepEqual(second, first)
      }),
    )
  })

  it('reaches every tool, shows none twice and loses none without a word', () => {
    fc.assert(
      fc.property(offers, config, (drawn, settings) => {
        const catalogue = buildCatalogue(toOffers(drawn), settings)
        const said = [...catalogue.notes, ...catalogue.problems].flatMap((note) => note.backends)
        const shown = new Set<string>()
        for (const tool of catalogue.tools) {
          const target = `${tool.route.backend}.${tool.route.nativeName}`
          assert.ok(!shown.has(target), target)
          shown.add(target)
          assert.equal(findTool(catalogue, tool.name), tool.route)
          assert.equal(tool.definition.name, tool.name)
        }
        for (const { backend, tools } of drawn) {
          const isHidden = settings.tools.some((entry) => entry.workload === backend)
          for (const each of tools) {
            const route = catalogue.byNativeName.get(backend)?.get(each)
            assert.equal(route?.nativeName, each)
            const isShown = shown.has(`${backend}.${each}`)
            assert.ok(isShown ? !isHidden : isHidden || said.includes(backend))
          }
        }
      }),
    )
  })
})

describe('findToolForStep', () => {
  it('finds hidden, renamed and dropped tools', () => {
    const catalogue = buildCatalogue(
      [github, jira, toolsOffer('a.b', ['c.d'])],
      aggregationOf('priority', {
        priorityOrder: ['jira'],
        tools: [{ workload: 'github', excludeAll: true, overrides: { search: { name: 'find' } } }],
      }),
    )
    const target = (step: string) => {
      const route = findToolForStep(catalogue, step)
      return route && `${route.backend}/${route.nativeName}`
    }
    assert.equal(findTool(catalogue, 'find'), undefined)
    assert.equal(target('find'), 'github/search')
    assert.equal(target('github.search'), 'github/search')
    assert.equal(target('github.create_issue'), 'github/create_issue')
    assert.equal(target('create_issue'), 'jira/create_issue')
    assert.equal(target('a.b.c.d'), 'a.b/c.d')
    assert.equal(target('github.find'), undefined)
    assert.equal(target('nobody.search'), undefined)
  })
})

function shownOf(catalogue: Catalogue): Record<string, string> {
  return Object.fromEntries(
    catalogue.tools.map(({ name, route }) => [name, `${route.backend}.${route.nativeName}`]),
  )
}
