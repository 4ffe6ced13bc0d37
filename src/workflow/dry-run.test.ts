import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDefinition } from './compile-plan.ts'
import { dryRun, renderDryRun } from './dry-run.ts'

const PLAN = parseDefinition({
  name: 'triage',
  description: 'Labels what is open',
  steps: [
    {
      id: 'list',
      tool: 'gh_list',
      arguments: { repo: '{{.params.repo}}', page: '{{.params.page}}', all: true },
    },
    {
      id: 'label',
      type: 'forEach',
      collection: '{{json .steps.list.output.issues}}',
      step: { id: 'one', tool: 'gh_label', arguments: { number: '{{.forEach.item.number}}' } },
      onError: { action: 'continue' },
    },
    {
      id: 'tell',
      type: 'forEach',
      collection: '{{json .params.people}}',
      itemVar: 'person',
      step: {
        id: 'one',
        tool: 'say',
        arguments: { to: '{{.forEach.person}} of {{.params.repo}}' },
      },
    },
    {
      id: 'ask',
      type: 'elicitation',
      message: 'Close {{.params.repo}}?',
      schema: { type: 'object' },
      condition: '{{eq .params.page 2}}',
      dependsOn: ['label'],
    },
  ],
})

const ARGS = { repo: 'a/b', page: 2, people: ['Ada', 'Grace'] }
const schemaOf = () => ({ type: 'object', properties: { page: { type: 'integer' } } })

describe('dryRun()', () => {
  it('renders what the arguments tell, and leaves the rest as templates', () => {
    assert.deepEqual(dryRun(PLAN, ARGS, schemaOf), [
      {
        id: 'list',
        kind: 'tool',
        after: [],
        problems: [],
        tool: 'gh_list',
        arguments: { repo: 'a/b', page: 2, all: true },
      },
      {
        id: 'tell',
        kind: 'forEach',
        after: [],
        problems: [],
        tool: 'say',
        arguments: { to: 'Ada of a/b' },
        collection: 2,
      },
      {
        id: 'label',
        kind: 'forEach',
        after: ['list'],
        problems: [],
        tool: 'gh_label',
        arguments: { number: '{{.forEach.item.number}}' },
        collection: '{{json .steps.list.output.issues}}',
      },
      {
        id: 'ask',
        kind: 'elicitation',
        after: ['label'],
        problems: [],
        condition: 'true',
        message: 'Close a/b?',
      },
    ])
  })

  it('says what cannot be rendered', () => {
    const steps = dryRun(PLAN, { ...ARGS, people: 'nobody' }, () => undefined)
    assert.deepEqual(steps.find(({ id }) => id === 'tell')?.problems, [
      'collection: {{json .params.people}} gives no JSON array',
    ])
  })

  it('says which argument cannot be made, and why', () => {
    const { steps } = parseDefinition({
      name: 'find',
      description: 'finds',
      steps: [
        {
          id: 'find',
          tool: 'search',
          arguments: { filter: { path: '{{.params.repo.owner.name}}', is: ['{{.params.repo}}'] } },
          condition: '{{.params.repo.open}}',
        },
      ],
    })
    const [step] = dryRun({ ...PLAN, steps }, ARGS, () => undefined)
    const why = 'cannot read field owner of a value of type string'
    const [condition, argument] = step!.problems
    assert.match(condition!, /^condition: \{\{\.params\.repo\.open\}\}: .*cannot read field open/)
    assert.ok(argument!.startsWith('arguments.filter.path: {{.params.repo.owner.name}}: '))
    assert.ok(argument!.includes(why), argument)
    assert.deepEqual(step!.arguments, {
      filter: { path: '{{.params.repo.owner.name}}', is: ['a/b'] },
    })
  })

  it('says of a step whose condition is false that it is skipped', () => {
    const steps = dryRun(PLAN, { ...ARGS, page: 1 }, schemaOf)
    assert.deepEqual(renderDryRun(steps.filter(({ id }) => id === 'ask')), [
      '1. ask: skipped, its condition is false: asks nothing  (after label)',
    ])
  })

  it('keeps the type of a value where the tool is not known', () => {
    const [list] = dryRun(PLAN, { ...ARGS, page: 0 }, () => undefined)
    assert.deepEqual(list?.arguments, { repo: 'a/b', page: 0, all: true })
  })

  it('reads well', () => {
    assert.deepEqual(renderDryRun(dryRun(PLAN, ARGS, schemaOf)), [
      '1. list: calls gh_list',
      '   repo: "a/b"',
      '   page: 2',
      '   all: true',
      '2. tell: calls say for 2 items, the first with',
      '   to: "Ada of a/b"',
      '3. label: calls gh_label for the items of {{json .steps.list.output.issues}}  (after list)',
      '   number: {{.forEach.item.number}}',
      '4. ask: asks “Close a/b?”  (after label)',
      '   if true',
    ])
  })
})
