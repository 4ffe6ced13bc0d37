import assert from 'node:assert/strict'
import { it } from 'node:test'
import { workflowErrors } from './errors.ts'
import type { LiveRun } from './runs.ts'
import { fakePorts } from './testing/fake-ports.ts'

it('has nothing to wait for without a journal', () => {
  assert.equal(fakePorts().journal.commit(), undefined)
})

it('says how to go on when the gateway closes', () => {
  const run: Pick<LiveRun, 'id'> = { id: 'r1' }
  assert.match(workflowErrors.RUN_SUSPENDED({ run: run.id }).hint ?? '', /send the call again/i)
})
