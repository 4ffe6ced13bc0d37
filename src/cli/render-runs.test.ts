import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RunDetailsView } from '../api/run-views.ts'
import { renderEvent, renderRun, renderRuns } from './render-runs.ts'

const RUN: RunDetailsView = {
  id: 'r1',
  workflow: 'triage',
  status: 'failed',
  startedAt: '2026-11-28T02:30:00.000Z',
  endedAt: '2026-11-28T02:30:02.000Z',
  durationMs: 2000,
  owner: 'p1',
  failedStep: 'label',
  error: 'Step "label"\nfailed',
  arguments: {},
  journalBytes: 100,
  steps: [
    {
      step: 'list',
      kind: 'tool',
      tool: 'gh_list',
      status: 'completed',
      tries: 2,
      outputBytes: 2048,
      startedMs: 0,
      durationMs: 500,
    },
    {
      step: 'label',
      kind: 'forEach',
      tool: 'gh_label',
      status: 'failed',
      tries: 7,
      outputBytes: 40,
      startedMs: 500,
      durationMs: 1500,
      error: 'no such label',
      iterations: { count: 7, completed: 5, failed: 1, running: 0, unknown: 1 },
    },
    { step: 'confirm', kind: 'elicitation', status: 'pending', tries: 0, outputBytes: 0 },
  ],
}

describe('the timeline of a run', () => {
  it('shows what each step did, when, how often and how much', () => {
    assert.deepEqual(renderRun(RUN), [
      'triage  failed after 2.0s',
      '  run      r1',
      '  started  2026-11-28 02:30:00Z',
      '  gateway  p1',
      '  error    Step "label" failed',
      '',
      'STEP     WHAT                              STATUS     START   TOOK   TRIES  SIZE',
      'list     gh_list                           completed  +0ms    500ms  2      2.0 KiB  ██████··················',
      'label    gh_label ×7, 1 failed, 1 unknown  failed     +500ms  1.5s   7      40 B     ······██████████████████',
      'confirm  asks the caller                   pending',
      '',
      'label: no such label',
    ])
  })

  it('is a line each in a list', () => {
    assert.deepEqual(renderRuns([RUN]), [
      'RUN  TOOL    STATUS  STARTED               TOOK  WHY',
      'r1   triage  failed  2026-11-28 02:30:00Z  2.0s  Step "label" failed',
    ])
    assert.deepEqual(renderRuns([]), ['No runs.'])
  })

  it('tells events as they come', () => {
    const event = { run: 'r1', workflow: 'triage', step: 'label', tool: 'gh_label', iteration: 3 }
    assert.equal(
      renderEvent('iteration-finished', { ...event, status: 'failed', tries: 3, error: 'no' }),
      'iteration finished label #3 (gh_label) failed in 3 tries – no',
    )
    assert.equal(
      renderEvent('run-finished', { run: 'r1', status: 'completed', durationMs: 61_000 }),
      'run finished completed after 1m1s',
    )
  })
})
