import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
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
      '{{json .params.people}}: its collection is not a JSON array: "\\"nobody\\""',
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
    assert.match(
      condition!,
      /^\{\{\.params\.repo\.open\}\}: cannot evaluate its condition: .*cannot read field open/,
    )
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

  describe('of a loop', () => {
    const planOf = (loop: object, inner: object = {}) =>
      parseDefinition({
        name: 'each',
        description: 'each',
        steps: [
          {
            id: 'all',
            type: 'forEach',
            collection: '{{json .params.items}}',
            step: {
              id: 'one',
              tool: 'say',
              arguments: { message: '{{.forEach.item.a.b}}' },
              ...inner,
            },
            ...loop,
          },
        ],
      })
    const told = (items: JsonObject[string], loop: object = {}, inner: object = {}) =>
      renderDryRun(
        dryRun(planOf(loop, inner), { items }, () => ({
          properties: { message: { type: 'string' } },
        })),
      )

    it('looks at every item, and tells of the first few that cannot be rendered', () => {
      const bad = Array.from({ length: 5 }, (): number => 5)
      const [deed, message, ...problems] = told([{ a: { b: 1 } }, ...bad])
      assert.equal(deed, '1. all: calls say for 6 items, the first with')
      assert.equal(message, '   message: "1"')
      assert.equal(problems.length, 4, problems.join())
      assert.match(problems[0]!, /^ {3}! item 1: arguments\.message: .*cannot read field a/)
      assert.match(problems[2]!, /^ {3}! item 3: /)
      assert.equal(problems[3], '   ! and of 2 more of the 6 items')
    })

    it('knows the limit', () => {
      const [, , problem] = told([{ a: { b: 1 } }, { a: { b: 2 } }], { maxIterations: 1 })
      assert.match(problem!, /! .*collection size 2 exceeds maxIterations 1/)
    })

    it('passes over the items that its condition skips', () => {
      const condition = '{{ne .forEach.index 0}}'
      assert.deepEqual(told([5, { a: { b: 2 } }], {}, { condition }), [
        '1. all: calls say for 2 items (its condition skips 1), the first with',
        '   message: "2"',
      ])
      assert.deepEqual(told([5], {}, { condition }), [
        '1. all: calls say for 1 items (its condition skips 1)',
      ])
    })

    it('has no problem where it is skipped itself', () => {
      assert.deepEqual(told('none', { condition: '{{eq 1 2}}' }).length, 1)
    })

    it('says that a condition is neither true nor false', () => {
      const lines = told([], { condition: '{{json .params.items}}' })
      assert.match(lines.at(-1)!, /its condition gave "\[\]", which is neither true nor false/)
    })
  })

  it('makes of text what the schema asks for', () => {
    const { steps } = parseDefinition({
      name: 'wait',
      description: 'waits',
      steps: [
        {
          id: 'wait',
          tool: 'wait',
          arguments: { duration: '{{if true}}{{.params.d}}{{end}}', message: '{{.params.d}}' },
        },
      ],
    })
    const schema = { properties: { duration: { type: 'number' }, message: { type: 'string' } } }
    const [step] = dryRun({ ...PLAN, steps }, { d: 0.2 }, () => schema)
    assert.deepEqual(step?.arguments, { duration: 0.2, message: '0.2' })
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
