import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTemplate } from '../template/template.ts'
import type { PlannedStep, WorkflowPlan } from './plan.ts'
import { renderGraph, startOrder } from './render-graph.ts'

const TRIAGE = plan([
  { ...step('label', ['list', 'ask']), timeoutMs: 900_000, does: loop() },
  step('list', []),
  {
    ...step('ask', ['list']),
    condition: parseTemplate('{{gt (len .steps.list.output.issues) 10}}'),
    does: {
      kind: 'elicitation',
      message: parseTemplate('Go?'),
      schema: {},
      onDecline: 'abort',
      onCancel: 'abort',
    },
  },
  {
    ...step('note', []),
    onError: { action: 'retry', retryCount: 2, retryDelayMs: 1000 },
  },
])

describe('renderGraph', () => {
  it('lists the steps of a composite tool in the order they can start', () => {
    assert.equal(
      renderGraph(TRIAGE, 'text'),
      [
        'triage (at most 30m0s)',
        '  list   do.it',
        '  note   do.it · up to 2 more tries',
        '  ask    asks the caller · if {{gt (len .steps.list.output.issues) 10}} ← list',
        '  label  for each issue: do.it (5 at once of the fleet, at most 200) · within 15m0s ← list, ask',
        '',
      ].join('\n'),
    )
  })

  it('draws a Mermaid flowchart', () => {
    assert.equal(
      renderGraph(TRIAGE, 'mermaid'),
      [
        'flowchart TD',
        '  s0[["label<br/>for each issue: do.it (5 at once of the fleet, at most 200)<br/>within 15m0s"]]',
        '  s1["list<br/>do.it"]',
        '  s2{{"ask<br/>asks the caller<br/>if {{gt (len .steps.list.output.issues) 10}}"}}',
        '  s3["note<br/>do.it<br/>up to 2 more tries"]',
        '  s1 --> s0',
        '  s2 --> s0',
        '  s1 --> s2',
        '',
      ].join('\n'),
    )
  })

  it('keeps quotes and angle brackets out of Mermaid labels', () => {
    const odd = { ...step('a', []), condition: parseTemplate('{{eq .params.x "<b>#"}}\n') }
    assert.match(
      renderGraph(plan([odd]), 'mermaid'),
      /if \{\{eq \.params\.x #quot;#lt;b#gt;#35;#quot;\}\} "\]/,
    )
  })

  it('says when there is no time limit', () => {
    assert.match(renderGraph({ ...plan([step('a', [])]), timeoutMs: 0 }, 'text'), /no time limit/)
  })
})

describe('startOrder', () => {
  it('keeps the order of the file among steps that can start together', () => {
    const ids = startOrder([step('c', ['a']), step('b', []), step('a', [])]).map(({ id }) => id)
    assert.deepEqual(ids, ['b', 'a', 'c'])
  })
})

function plan(steps: PlannedStep[]): WorkflowPlan {
  return {
    name: 'triage',
    description: 'd',
    annotations: undefined,
    parameters: undefined,
    timeoutMs: 1_800_000,
    maxParallel: 10,
    steps,
    output: undefined,
    definition: {},
    digest: '',
  }
}

function step(id: string, dependsOn: string[]): PlannedStep & { does: { kind: 'tool' } } {
  return {
    id,
    dependsOn,
    condition: undefined,
    timeoutMs: undefined,
    onError: { action: 'abort', retryCount: 0, retryDelayMs: 1000 },
    defaultResults: undefined,
    idempotent: false,
    does: { kind: 'tool', tool: 'do.it', arguments: { kind: 'map', entries: new Map() } },
  }
}

function loop(): PlannedStep['does'] {
  return {
    kind: 'forEach',
    collection: parseTemplate('{{.steps.list.output.issues}}'),
    itemVar: 'issue',
    maxParallel: 5,
    maxIterations: 200,
    distribution: 'fleet',
    step: step('one', []),
  }
}
