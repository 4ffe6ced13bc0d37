import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../base/json.ts'
import { parseTemplate } from '../../template/template.ts'
import type { PlannedOutput } from '../plan.ts'
import { planOf, type ShortStep } from '../testing/plan-of.ts'
import { runPlan } from '../testing/run-plan.ts'

function outputOf(source: string, required: string[] = [], byDefault?: null): PlannedOutput {
  const value = parseTemplate(source)
  const about = { type: 'integer', description: 'd', properties: undefined } as const
  return { properties: new Map([['done', { ...about, value, default: byDefault }]]), required }
}

const loop: ShortStep = {
  id: 'l',
  each: '{{.params.list}}',
  maxIterations: 2,
  onError: { action: 'continue' },
  step: { id: 'i', tool: 't' },
}

async function failureOf(
  steps: readonly ShortStep[],
  output: PlannedOutput,
  list: JsonObject['x'],
) {
  const call = async ({ step }: { step: string }): Promise<JsonObject> =>
    step === 'bad' ? { isError: true, content: [{ type: 'text', text: 'no' }] } : { content: [] }
  const { outcome } = await runPlan(planOf(steps, { output }), { args: { list }, call })
  return outcome.status === 'completed' ? outcome.output : outcome.failure
}

describe('a result that cannot be made', () => {
  it('names the loop that had no list to go through, and why', async () => {
    const output = outputOf('{{.steps.l.output.completed}}')
    assert.deepEqual(await failureOf([loop], output, [1, 2, 3]), {
      message:
        'output "done" has no value, because step "l" failed: collection size 3 exceeds maxIterations 2',
      step: 'l',
      tries: 0,
    })
    const { message } = (await failureOf([loop], output, 'x')) as { message: string }
    assert.equal(
      message,
      'output "done" has no value, because step "l" failed: its collection is not a JSON array: "x"',
    )
    const given = { ...loop, defaultResults: { completed: 0 } }
    assert.deepEqual(await failureOf([given], output, [1, 2, 3]), { done: 0 })
  })

  it('names any step that failed and is read, also through variables and for what is required', async () => {
    const steps: ShortStep[] = [
      { id: 'fine', tool: 't' },
      { id: 'bad', tool: 't', onError: { action: 'continue' } },
    ]
    const because = 'because step "bad" failed: no'
    for (const [output, message] of [
      [
        outputOf('{{with .steps.bad}}{{.output.n}}{{end}}'),
        `output "done" has no value, ${because}`,
      ],
      [
        outputOf('{{.steps.bad.output.n}}', ['done'], null),
        `output "done" is required, but has no value, ${because}`,
      ],
      [outputOf('{{.steps.fine.output.n}}'), 'output "done" has no value'],
      [
        outputOf('{{.steps.bad.status}}'),
        'output "done" cannot be turned into a whole number: "failed"',
      ],
    ] as const) {
      assert.equal(((await failureOf(steps, output, [])) as { message: string }).message, message)
    }
  })
})
