import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import { isDeeperThan } from '../base/json-depth.ts'
import { parseTemplate } from '../template/template.ts'
import type { RunOutcome } from './outcome.ts'
import { planOf, type ShortStep } from './testing/plan-of.ts'
import { runPlan } from './testing/run-plan.ts'

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
const inputSchema = { type: 'object', properties: { l: { type: 'array' } } } as JsonObject
const tool = () => ({ readOnly: false, idempotent: false, inputSchema })

async function run(steps: readonly ShortStep[], levels: number) {
  const { outcome, ports } = await runPlan(planOf(steps), { args: { s: nested(levels) }, tool })
  return { failure: failureOf(outcome), calls: ports.calls, outcome }
}

function failureOf(outcome: RunOutcome): { step: string | undefined; message: string } | undefined {
  if (outcome.status === 'completed') return undefined
  const { step, message } = outcome.failure
  return { step, message }
}

const ARGUMENT: ShortStep = { id: 'b', tool: 't', arguments: { l: '{{.params.s}}' } }
const FROM_JSON: ShortStep = { id: 'b', tool: 't', arguments: { l: '{{fromJson .params.s}}' } }
const COLLECTION: ShortStep = {
  id: 'b',
  each: '{{.params.s}}',
  step: { id: 'i', tool: 't', arguments: { l: '{{.forEach.item}}' } },
}
const WHERE = 'nested more than 512 levels deep at position 512 (line 1 column 513)'

describe('JSON in texts of callers', () => {
  for (const [what, step] of Object.entries({ ARGUMENT, FROM_JSON, COLLECTION })) {
    it(`fails the step that would nest it too deeply, before anything is called (${what})`, async () => {
      for (const levels of [513, 5000, 100_000]) {
        const { failure, calls } = await run([step], levels)
        assert.equal(failure?.step, 'b')
        assert.ok(failure.message.includes(WHERE), failure.message)
        assert.equal(calls.length, 0)
      }
    })
  }

  it('sends arguments as deep as a message can bear, and no deeper', async () => {
    // The arguments are a level, and so are the parameters and the message that they lie in.
    const { failure, calls } = await run([ARGUMENT], 509)
    assert.equal(failure, undefined)
    assert.equal(isDeeperThan({ params: { arguments: calls[0]!.arguments } }, 512), false)
    const deeper = await run([ARGUMENT], 510)
    assert.equal(
      deeper.failure?.message,
      'step "b" failed: Cannot make arguments: a message with them would be nested more than 512 levels deep',
    )
    assert.equal(deeper.calls.length, 0)
  })

  it('says of which output it is', async () => {
    const value = parseTemplate('{{.params.s}}')
    const about = { type: 'array', description: 'd', default: undefined } as const
    const properties = new Map([['deep', { ...about, value, properties: undefined }]])
    const output = { properties, required: [] }
    const plan = planOf([{ id: 'a', tool: 't' }], { output })
    const { outcome } = await runPlan(plan, { args: { s: nested(5000) } })
    const { message } = failureOf(outcome)!
    assert.ok(message.startsWith('output "deep"') && message.includes(WHERE), message)
  })
})
