import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createSchedule } from './schedule.ts'

it('6.5 (weak there): starts a step the moment its dependencies are done, without levels', () => {
  // 0 → 2, 1 → 3: 2 must not wait for 1.
  const schedule = createSchedule({ dependencies: [[], [], [0], [1]], maxParallel: 10 })
  assert.deepEqual(schedule.take(), [0, 1])
  schedule.end(0)
  assert.deepEqual(schedule.take(), [2])
  schedule.end(2)
  assert.equal(schedule.over, false)
  schedule.end(1)
  assert.deepEqual(schedule.take(), [3])
  schedule.end(3)
  assert.equal(schedule.over, true)
})

it('6.5: the order in the file does not matter without dependsOn', () => {
  const schedule = createSchedule({ dependencies: [[2], [], []], maxParallel: 10 })
  assert.deepEqual(schedule.take(), [1, 2])
  schedule.end(2)
  assert.deepEqual(schedule.take(), [0])
})

it('6.5: never runs more than so many at once, first come first in the file', () => {
  const schedule = createSchedule({ dependencies: [[], [], [], [], []], maxParallel: 2 })
  assert.deepEqual(schedule.take(), [0, 1])
  assert.deepEqual(schedule.take(), [])
  schedule.end(1)
  assert.deepEqual(schedule.take(), [2])
})

it('waits for each of several dependencies, and starts nothing twice', () => {
  const schedule = createSchedule({ dependencies: [[], [], [0, 1]], maxParallel: 10 })
  schedule.take()
  schedule.end(0)
  assert.deepEqual(schedule.take(), [])
  schedule.end(1)
  assert.deepEqual(schedule.take(), [2])
  assert.deepEqual(schedule.take(), [])
})

it('starts nothing after it was stopped and is over when what runs has ended', () => {
  const schedule = createSchedule({ dependencies: [[], [], [0]], maxParallel: 1 })
  schedule.take()
  schedule.stop()
  assert.equal(schedule.over, false)
  schedule.end(0)
  assert.deepEqual(schedule.take(), [])
  assert.equal(schedule.over, true)
})

it('goes on after a restart behind what was done before', () => {
  const schedule = createSchedule({
    dependencies: [[], [0], [1], []],
    maxParallel: 10,
    done: (step) => step <= 1,
  })
  assert.deepEqual(schedule.take(), [2, 3])
})
