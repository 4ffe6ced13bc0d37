import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../base/json.ts'
import { planOf } from '../testing/plan-of.ts'
import { runPlan } from '../testing/run-plan.ts'

const TOOL = { id: 'last', tool: 'show' }

/** What a template after these steps sees; the tool `bad` fails, `text` gives text alone, every other its arguments. */
async function seen(source: string, args: JsonObject = {}): Promise<string> {
  const plan = planOf([
    { id: 'one', tool: 'any', arguments: { n: 1 } },
    { id: 'said', tool: 'text' },
    { id: 'broken', tool: 'bad', onError: { action: 'continue' }, defaultResults: { n: 2 } },
    { id: 'left', tool: 'any', condition: 'false', defaultResults: { n: 3 } },
    { ...TOOL, after: ['one', 'said', 'broken', 'left'], arguments: { shown: source } },
  ])
  const { outcome } = await runPlan(plan, {
    args,
    call: async ({ tool, arguments: given }) => {
      const content = [{ type: 'text', text: '{"n":4}' }]
      if (tool === 'bad') return { isError: true, content }
      return tool === 'text' ? { content } : { content, structuredContent: given }
    },
  })
  assert.equal(outcome.status, 'completed', JSON.stringify(outcome))
  const { shown } = outcome.output
  assert.ok(typeof shown === 'string')
  return shown
}

describe('6.4: what templates can read', () => {
  it('.params: the arguments', async () => {
    assert.equal(
      await seen('{{.params.who}} {{.params.a.b}}', { who: 'Ada', a: { b: [] } }),
      'Ada []',
    )
    assert.equal(await seen('{{.params.nothing}}'), '<no value>')
  })

  it('.steps.ID.output: the structured content, else the content', async () => {
    assert.equal(await seen('{{.steps.one.output.n}}'), '1')
    assert.equal(await seen('{{.steps.said.output.text}}'), '{"n":4}')
    assert.equal(await seen('{{(fromJson .steps.said.output.text).n}}'), '4')
  })

  it('.steps.ID.content: the content, whatever else there is', async () => {
    assert.equal(await seen('{{.steps.one.content.text}}'), '{"n":4}')
    assert.equal(await seen('{{.steps.said.content.text}}'), '{"n":4}')
  })

  it('.steps.ID.status and .error', async () => {
    const statuses = '{{range $id, $s := .steps}}{{$id}} {{$s.status}},{{end}}'
    assert.equal(
      await seen(statuses),
      'broken failed,last running,left skipped,one completed,said completed,',
    )
    assert.equal(await seen('{{.steps.broken.error}}'), '{"n":4}')
    assert.equal(await seen('{{.steps.one.error}}'), '<no value>')
  })

  it('.steps.ID.output of a step that was skipped or failed: its default results', async () => {
    assert.equal(await seen('{{.steps.broken.output.n}} {{.steps.left.output.n}}'), '2 3')
  })

  it('.workflow: the run', async () => {
    assert.equal(
      await seen('{{.workflow.id}} {{.workflow.step_count}} {{.workflow.status}}'),
      'r1 5 running',
    )
    assert.match(await seen('{{.workflow.duration_ms}}'), /^\d+(\.\d+)?$/)
    assert.equal(await seen('{{.workflow.start_time}}'), '2023-11-14T22:13:20.000Z')
  })

  it('.vars: nothing, ever', async () => {
    assert.equal(await seen('{{.vars}}{{.vars.x}}'), 'map[]<no value>')
  })

  it('.forEach: the item and its place, a whole number, in the inner step of a loop', async () => {
    const inner = {
      id: 'in',
      tool: 'show',
      arguments: { shown: '{{.forEach.who.name}} {{if eq .forEach.index 0}}first{{end}}' },
    }
    const loop = { id: 'each', each: '{{.params.all}}', itemVar: 'who', step: inner }
    const { ports } = await runPlan(planOf([loop]), {
      args: { all: [{ name: 'Ada' }, { name: 'Grace' }] },
    })
    assert.deepEqual(
      ports.calls.map((call) => call.arguments),
      [{ shown: 'Ada first' }, { shown: 'Grace ' }],
    )
  })
})
