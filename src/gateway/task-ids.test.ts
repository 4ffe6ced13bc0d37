import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ANONYMOUS } from '../mcp/caller.ts'
import { createTaskIds } from './task-ids.ts'

const ids = createTaskIds(randomBytes(32))
const BOB = { kind: 'oidc', binding: 'iss\0bob' } as const

describe('createTaskIds()', () => {
  it('leads back to backend and native id, whatever characters they hold', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: 'grapheme-ascii' }),
        fc.string({ minLength: 1 }),
        (backend, native) => {
          const id = ids.toClient(backend, native, ANONYMOUS)
          assert.deepEqual(ids.toBackend(id, ANONYMOUS), { backend, native })
        },
      ),
    )
  })

  it('refuses ids of others, forged and malformed ones', () => {
    const id = ids.toClient('b', 't', ANONYMOUS)
    for (const bad of [id + 'x', `c${id}`, 'b.t', '', 7, undefined, '%.aaaaaaaaaaaaaaaaaaaaaa.t']) {
      assert.equal(ids.toBackend(bad, ANONYMOUS), undefined)
    }
    assert.equal(ids.toBackend(id, BOB), undefined)
  })

  it('rewrites every place a result names a task', () => {
    const key = 'io.modelcontextprotocol/related-task'
    const seen = (native: string) => ids.toClient('b', native, ANONYMOUS)
    assert.deepEqual(
      ids.rewrite(
        {
          taskId: '1',
          task: { taskId: '2', x: 1 },
          tasks: [{ taskId: '3' }],
          _meta: { [key]: { taskId: '4' }, a: 1 },
        },
        'b',
        ANONYMOUS,
      ),
      {
        taskId: seen('1'),
        task: { taskId: seen('2'), x: 1 },
        tasks: [{ taskId: seen('3') }],
        _meta: { [key]: { taskId: seen('4') }, a: 1 },
      },
    )
  })

  it('changes nothing in what names no task, or one that is not of this backend and principal', () => {
    const key = 'io.modelcontextprotocol/related-task'
    const theirs = ids.toClient('b', '1', BOB)
    const elsewhere = ids.toClient('c', '1', ANONYMOUS)
    for (const said of [{ taskId: '1' }, { _meta: { a: 1 } }, { _meta: { [key]: 'x' } }]) {
      assert.equal(ids.relateToClient(said, 'b', ANONYMOUS), said)
    }
    for (const taskId of ['1', theirs, elsewhere]) {
      const said = { _meta: { [key]: { taskId } } }
      assert.equal(ids.relateToBackend(said, 'b', ANONYMOUS), said)
    }
  })
})
