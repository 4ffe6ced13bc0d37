import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../base/json.ts'
import { parseDefinition } from './compile-plan.ts'
import type { PlannedStep, PlannedValue } from './plan.ts'

describe('parseDefinition', () => {
  it('6.1: runs for 30 minutes at most, unless the file says otherwise', () => {
    assert.equal(plan({}).timeoutMs, 1_800_000)
    assert.equal(plan({ timeout: '1h' }).timeoutMs, 3_600_000)
    assert.equal(plan({ timeout: '0' }).timeoutMs, 0)
    assert.equal(plan({ timeout: '720h' }).timeoutMs, 2_592_000_000)
  })

  it('6.1: keeps name, description, parameters and annotations as written', () => {
    const parameters = { type: 'object', properties: { a: { type: 'string' } }, x: 1 }
    const made = plan({ parameters, annotations: { title: 'T', readOnlyHint: false } })
    assert.deepEqual(made.parameters, parameters)
    assert.deepEqual(made.annotations, { title: 'T', readOnlyHint: false })
    assert.deepEqual([made.name, made.description], ['t', 'd'])
  })

  it('6.2: makes a tool step of every step that does not say its type, with defaults', () => {
    const [first] = plan({ steps: [{ id: 'a', tool: 'x' }] }).steps
    assert.deepEqual(first, {
      id: 'a',
      dependsOn: [],
      condition: undefined,
      timeoutMs: undefined,
      onError: { action: 'abort', retryCount: 0, retryDelayMs: 1000 },
      defaultResults: undefined,
      idempotent: false,
      does: { kind: 'tool', tool: 'x', arguments: { kind: 'map', entries: new Map() } },
    })
    assert.equal(plan({ steps: [{ id: 'a', type: '', tool: 'x' }] }).steps[0]?.does.kind, 'tool')
  })

  it('6.2: finds templates in arguments at any depth, and leaves all else as it is', () => {
    const args = { a: '{{.params.a}}', b: 'text', c: [1, '{{.params.b}}', { d: null }], e: true }
    const [first] = plan({ steps: [{ id: 'a', tool: 'x', arguments: args }] }).steps
    assert.ok(first?.does.kind === 'tool')
    assert.deepEqual(sketch(first.does.arguments), {
      a: 'template {{.params.a}}',
      b: 'text',
      c: [1, 'template {{.params.b}}', { d: null }],
      e: true,
    })
  })

  it('6.2: keeps what a step says of failures, times and results', () => {
    const [first] = plan({
      steps: [
        {
          id: 'a',
          tool: 'x',
          timeout: '10s',
          condition: '{{.params.go}}',
          onError: { action: 'retry', retryCount: 3, retryDelay: '2s' },
          defaultResults: { n: [1] },
          idempotent: true,
        },
      ],
    }).steps
    assert.equal(first?.timeoutMs, 10_000)
    assert.equal(first.condition?.source, '{{.params.go}}')
    assert.deepEqual(first.onError, { action: 'retry', retryCount: 3, retryDelayMs: 2000 })
    assert.equal(JSON.stringify(first.defaultResults), '{"n":[1]}')
    assert.equal(first.idempotent, true)
  })

  it('6.5: never tries more than ten times again', () => {
    const onError = { action: 'retry', retryCount: 99 }
    assert.equal(
      plan({ steps: [{ id: 'a', tool: 'x', onError }] }).steps[0]?.onError.retryCount,
      10,
    )
  })

  it('6.2: plans questions', () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } } }
    const question = { id: 'a', type: 'elicitation', message: 'Go, {{.params.who}}?', schema }
    const [plain] = plan({ steps: [question] }).steps
    assert.ok(plain?.does.kind === 'elicitation')
    assert.equal(plain.does.message.source, 'Go, {{.params.who}}?')
    assert.deepEqual(plain.does.schema, schema)
    assert.deepEqual([plain.does.onDecline, plain.does.onCancel], ['abort', 'abort'])
    const reactions = { onDecline: { action: 'continue' }, onCancel: { action: 'skip_remaining' } }
    const [other] = plan({ steps: [{ ...question, ...reactions }] }).steps
    assert.ok(other?.does.kind === 'elicitation')
    assert.deepEqual([other.does.onDecline, other.does.onCancel], ['continue', 'skip_remaining'])
  })

  it('6.6: plans loops with their defaults, and no time limit of their own', () => {
    const loop = loopOf({})
    const { itemVar, maxParallel, maxIterations, distribution } = loop.does
    assert.deepEqual(
      [itemVar, maxParallel, maxIterations, distribution],
      ['item', 10, 100, 'local'],
    )
    assert.equal(loop.timeoutMs, undefined)
    const other = loopOf({ itemVar: 'i', maxParallel: 3, maxIterations: 7, distribution: 'fleet' })
    assert.deepEqual(
      [other.does.itemVar, other.does.maxParallel, other.does.maxIterations],
      ['i', 3, 7],
    )
    assert.equal(other.does.distribution, 'fleet')
  })

  it('6.6: keeps everything an inner step says', () => {
    const { step } = loopOf({
      step: {
        id: 'i',
        tool: 'x',
        condition: '{{.forEach.item.open}}',
        timeout: '5s',
        onError: { action: 'continue' },
        defaultResults: { n: 0 },
        idempotent: true,
        arguments: { n: '{{.forEach.index}}' },
      },
    }).does
    assert.equal(step.condition?.source, '{{.forEach.item.open}}')
    assert.equal(step.timeoutMs, 5000)
    assert.equal(step.onError.action, 'continue')
    assert.equal(JSON.stringify(step.defaultResults), '{"n":0}')
    assert.equal(step.idempotent, true)
    assert.deepEqual(sketch(step.does.arguments), { n: 'template {{.forEach.index}}' })
  })

  it('6.6: takes a bare reference for a collection', () => {
    assert.equal(
      loopOf({ collection: ' .params.items ' }).does.collection.source,
      '{{ .params.items }}',
    )
    assert.equal(
      loopOf({ collection: '$.params.items' }).does.collection.source,
      '{{$.params.items}}',
    )
    assert.equal(loopOf({ collection: '["a"]' }).does.collection.source, '["a"]')
  })

  it('6.6: does not try a loop again as a whole', () => {
    const { onError } = loopOf({ onError: { action: 'retry', retryCount: 2 } })
    assert.deepEqual([onError.action, onError.retryCount], ['abort', 0])
  })

  it('6.5 (weak there): lets steps wait for what their templates read, in loops and questions too', () => {
    const { steps } = plan({
      steps: [
        {
          id: 'each',
          type: 'forEach',
          collection: '{{.steps.list.output.items}}',
          step: { id: 'i', tool: 'x', arguments: { q: '{{(index .steps "other").status}}' } },
        },
        {
          id: 'ask',
          type: 'elicitation',
          message: '{{.steps.each.output.count}}?',
          schema: { type: 'object' },
        },
        {
          id: 'last',
          tool: 'x',
          dependsOn: ['ask', 'ask'],
          condition: '{{.steps.list.output.ok}}',
        },
        { id: 'list', tool: 'x' },
        { id: 'other', tool: 'x' },
      ],
    })
    assert.deepEqual(
      steps.map(({ id, dependsOn }) => [id, dependsOn]),
      [
        ['each', ['list', 'other']],
        ['ask', ['each']],
        ['last', ['ask']],
        ['list', []],
        ['other', []],
      ],
    )
  })

  it('6.9: plans the output', () => {
    const { output } = plan({
      output: {
        properties: {
          n: { type: 'integer', description: 'd', value: '{{.steps.a.output.n}}', default: 0 },
          o: {
            type: 'object',
            description: 'd',
            properties: { s: { type: 'string', description: 'd', value: 'x' } },
          },
        },
        required: ['n'],
      },
    })
    assert.deepEqual(output?.required, ['n'])
    assert.equal(output.properties.get('n')?.value?.source, '{{.steps.a.output.n}}')
    assert.equal(output.properties.get('n')?.default, 0)
    assert.equal(output.properties.get('o')?.properties?.get('s')?.value?.source, 'x')
  })

  it('has a digest of what was written, whatever the order of keys', () => {
    const first = plan({ timeout: '5m' })
    const reordered = parseDefinition({ timeout: '5m', ...first.definition })
    assert.equal(reordered.digest, first.digest)
    assert.match(first.digest, /^[\w-]{43}$/)
    assert.notEqual(plan({ timeout: '6m' }).digest, first.digest)
    const swapped = plan({
      steps: [
        { id: 'b', tool: 'x' },
        { id: 'a', tool: 'x' },
      ],
    })
    assert.notEqual(
      plan({
        steps: [
          { id: 'a', tool: 'x' },
          { id: 'b', tool: 'x' },
        ],
      }).digest,
      swapped.digest,
    )
  })

  it('makes the same plan of its own definition again', () => {
    const made = plan({ steps: [{ id: 'a', tool: 'x', arguments: { q: '{{.params.q}}' } }] })
    const again = parseDefinition(JSON.parse(JSON.stringify(made.definition)) as JsonObject)
    assert.equal(again.digest, made.digest)
    assert.deepEqual(
      again.steps.map(({ id }) => id),
      ['a'],
    )
  })
})

function plan(more: JsonObject) {
  return parseDefinition({ name: 't', description: 'd', steps: [{ id: 'a', tool: 'x' }], ...more })
}

function loopOf(more: JsonObject) {
  const inner = { id: 'i', tool: 'x' }
  const loop = { id: 'a', type: 'forEach', collection: '{{.params.items}}', step: inner, ...more }
  const [step] = plan({ steps: [loop] }).steps
  assert.ok(isLoop(step))
  return step
}

type Loop = PlannedStep & { does: { kind: 'forEach' } }

function isLoop(step: PlannedStep | undefined): step is Loop {
  return step?.does.kind === 'forEach'
}

function sketch(value: PlannedValue): Json {
  switch (value.kind) {
    case 'literal':
      return value.value
    case 'template':
      return `template ${value.template.source}`
    case 'list':
      return value.items.map(sketch)
    case 'map':
      return Object.fromEntries(Array.from(value.entries, ([key, child]) => [key, sketch(child)]))
  }
}
