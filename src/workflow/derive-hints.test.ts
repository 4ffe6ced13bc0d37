import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ToolAnnotations } from '../schema/tool-annotations.ts'
import { parseTemplate } from '../template/template.ts'
import { deriveHints, toolsOf } from './derive-hints.ts'
import type { PlannedStep } from './plan.ts'

const SAFE = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }
const WRITES = { readOnlyHint: false, destructiveHint: false, openWorldHint: false }
const DESTROYS = { destructiveHint: true, openWorldHint: false }
const TOOLS: Readonly<Record<string, ToolAnnotations>> = {
  safe: SAFE,
  writes: WRITES,
  destroys: DESTROYS,
  reads: { readOnlyHint: true },
}

describe('deriveHints', () => {
  it('6.11: is read-only when all steps are', () => {
    assert.deepEqual(derive(['safe', 'safe']), { ok: true, hints: SAFE })
    assert.deepEqual(derive(['safe', 'writes']), { ok: true, hints: WRITES })
  })

  it('6.11: is destructive or open-world when one step is', () => {
    const floor = { readOnlyHint: false, destructiveHint: true, openWorldHint: false }
    assert.deepEqual(derive(['safe', 'destroys']), { ok: true, hints: floor })
    assert.deepEqual(derive(['reads']), {
      ok: true,
      hints: { readOnlyHint: true, destructiveHint: false, openWorldHint: true },
    })
  })

  it('6.11: counts an unknown tool as unsafe', () => {
    assert.deepEqual(derive(['safe', 'unknown']), {
      ok: true,
      hints: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
    })
  })

  it('6.11: looks into loops', () => {
    const loop: PlannedStep = {
      ...step('safe'),
      does: {
        kind: 'forEach',
        collection: parseTemplate('[]'),
        itemVar: 'item',
        maxParallel: 1,
        maxIterations: 1,
        distribution: 'local',
        step: step('destroys'),
      },
    }
    assert.deepEqual(toolsOf([step('safe'), loop]), ['safe', 'destroys'])
    const derived = deriveHints({ annotations: undefined, steps: [loop] }, (tool) => TOOLS[tool])
    assert.ok(derived.ok)
    assert.equal(derived.hints.destructiveHint, true)
  })

  it('6.11: lets explicit hints be stricter, and never derives idempotent', () => {
    const explicit = { title: 'T', readOnlyHint: false, idempotentHint: true }
    assert.deepEqual(derive(['safe'], explicit), { ok: true, hints: { ...SAFE, ...explicit } })
  })

  it('6.11: finds explicit hints that claim to be safer, and the tools that are not', () => {
    assert.deepEqual(derive(['safe', 'destroys'], { readOnlyHint: true, destructiveHint: false }), {
      ok: false,
      conflicts: [
        { hint: 'readOnlyHint', explicit: true, derived: false, because: ['destroys'] },
        { hint: 'destructiveHint', explicit: false, derived: true, because: ['destroys'] },
      ],
    })
    const open = derive(['reads'], { openWorldHint: false })
    assert.ok(!open.ok)
    assert.deepEqual(
      open.conflicts.map(({ hint }) => hint),
      ['openWorldHint'],
    )
  })

  it('6.11: derives nothing without tool steps', () => {
    assert.deepEqual(derive([]), { ok: true, hints: {} })
    assert.deepEqual(derive([], { readOnlyHint: true }), {
      ok: true,
      hints: { readOnlyHint: true },
    })
  })
})

function derive(tools: string[], annotations?: ToolAnnotations) {
  return deriveHints({ annotations, steps: tools.map(step) }, (tool) => TOOLS[tool])
}

function step(tool: string) {
  return {
    id: tool,
    dependsOn: [],
    condition: undefined,
    timeoutMs: undefined,
    onError: { action: 'abort', retryCount: 0, retryDelayMs: 1000 },
    defaultResults: undefined,
    idempotent: false,
    does: { kind: 'tool', tool, arguments: { kind: 'map', entries: new Map() } },
  } as const
}
