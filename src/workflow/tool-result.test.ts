import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { RunOutcome } from './outcome.ts'
import { toToolResult } from './tool-result.ts'

it('6.9: gives the output as one text and as structured content', () => {
  const output = { n: 1 }
  assert.deepEqual(toToolResult({ name: 'flow' }, 'r1', { status: 'completed', output }), {
    content: [{ type: 'text', text: '{"n":1}' }],
    structuredContent: output,
  })
})

it('6.9: says what failed, after how many tries, with what input, what completed, and gives the partial results', () => {
  const outcome: RunOutcome = {
    status: 'failed',
    failure: { message: 'step "b" failed after 3 tries: no', step: 'b', tries: 3, input: { n: 1 } },
    completed: ['a'],
    steps: { a: { status: 'completed', output: { x: 1 } }, b: { status: 'failed', error: 'no' } },
  }
  const result = toToolResult({ name: 'flow' }, 'r1', outcome)
  assert.equal(result['isError'], true)
  const [said, json] = result['content'] as { text: string }[]
  assert.equal(
    said?.text,
    'Workflow execution failed: step "b" failed after 3 tries: no (completed: a; run r1)',
  )
  const partial = {
    status: 'failed',
    workflow: 'flow',
    run: 'r1',
    failedStep: 'b',
    tries: 3,
    input: { n: 1 },
    error: 'step "b" failed after 3 tries: no',
    completed: ['a'],
    steps: { a: { status: 'completed', output: { x: 1 } }, b: { status: 'failed', error: 'no' } },
  }
  assert.deepEqual(JSON.parse(JSON.stringify(result['structuredContent'])), partial)
  assert.deepEqual(JSON.parse(json!.text), partial)
})

it('says when no step completed', () => {
  const failure = { message: 'workflow timed out after 5m' }
  const result = toToolResult({ name: 'f' }, 'r', {
    status: 'timed_out',
    failure,
    completed: [],
    steps: {},
  })
  const [said] = result['content'] as { text: string }[]
  assert.equal(
    said?.text,
    'Workflow execution failed: workflow timed out after 5m (no step completed; run r)',
  )
})
