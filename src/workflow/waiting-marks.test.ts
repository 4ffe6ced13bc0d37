import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { systemNow } from '../base/clock.ts'
import type { KeyValue } from '../storage/key-value.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { RunEvent } from './run-events.ts'
import { createWaitingMarks, type WaitingMarks } from './waiting-marks.ts'

const about = { workflow: 'w', step: 's', key: 'k' }
const asked = (run: string): RunEvent => ({ kind: 'question-asked', run, ...about, timeoutMs: 1 })
const answered = (run: string): RunEvent => ({
  kind: 'question-answered',
  run,
  ...about,
  action: 'accept',
})
const finished = (run: string): RunEvent => ({
  kind: 'run-finished',
  run,
  workflow: 'w',
  status: 'cancelled',
  durationMs: 1,
})

describe('createWaitingMarks', () => {
  it('marks a run while it has an open question, for all', async () => {
    await withMarks(async ({ marks, other, waiting, marked }) => {
      waiting.add('one')
      marks.hear(asked('one'))
      marks.hear(asked('two'))
      assert.deepEqual(await marked(other), ['one', 'two'])
      // One of two questions.
      marks.hear(answered('one'))
      marks.hear(answered('two'))
      assert.deepEqual(await marked(other), ['one'])
      waiting.delete('one')
      marks.hear(answered('one'))
      assert.deepEqual(await marked(other), [])
    })
  })

  it('leaves what was wished last, and no mark of a run that ended with a question open', async () => {
    await withMarks(async ({ marks, waiting, marked }) => {
      for (let n = 0; n < 10; n++) {
        marks.hear(asked('one'))
        marks.hear(answered('one'))
      }
      assert.deepEqual(await marked(marks), [])
      waiting.add('one')
      marks.hear(asked('one'))
      marks.hear(finished('one'))
      assert.deepEqual(await marked(marks), [])
    })
  })

  it('tells of a mark that could not be written, and goes on', async () => {
    await withMarks(async ({ marks, store, errors, marked }) => {
      const { set } = store
      store.set = () => Promise.reject(new Error('away'))
      marks.hear(asked('one'))
      await turn()
      store.set = set
      marks.hear(asked('two'))
      assert.deepEqual(await marked(marks), ['two'])
      assert.deepEqual(errors.map(String), ['Error: away'])
    })
  })
})

interface MarksTest {
  readonly store: KeyValue
  readonly marks: WaitingMarks
  /** Of another process. */
  readonly other: WaitingMarks
  /** Runs with an open question. */
  readonly waiting: Set<string>
  readonly errors: unknown[]
  marked(marks: WaitingMarks): Promise<string[]>
}

async function withMarks(test: (given: MarksTest) => Promise<void>): Promise<void> {
  const { keyValue, close } = await openStorage({ provider: 'memory' }, { now: systemNow })
  const store = { ...keyValue }
  const waiting = new Set<string>()
  const errors: unknown[] = []
  const open = (): WaitingMarks =>
    createWaitingMarks({
      store,
      prefix: 'w:',
      keepMs: 60_000,
      isWaiting: (run) => waiting.has(run),
      onError: (error) => errors.push(error),
    })
  const marked = async (marks: WaitingMarks): Promise<string[]> => {
    await turn()
    return [...(await marks.all())].sort()
  }
  try {
    await test({ store, marks: open(), other: open(), waiting, errors, marked })
  } finally {
    await close()
  }
}
