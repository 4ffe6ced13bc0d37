import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ListenFilter } from '../../messages.ts'
import { createModernListen } from './modern-listen.ts'
import type { ListenHandlers } from './modern-listen.ts'

describe('the one listen of a modern connection', () => {
  it('gives all who change its filter at once what the last of them is honoured', async () => {
    const { listen, attempts } = setUp()
    const first = listen.set({ resourceSubscriptions: ['a://1'] })
    const both = { resourceSubscriptions: ['a://1', 'a://2'] }
    const second = listen.set(both)
    attempts[0]!.handlers.onAcknowledged(attempts[0]!.filter)
    attempts[1]!.handlers.onAcknowledged(both)
    assert.deepEqual(await first, both)
    assert.deepEqual(await second, both)
    assert.deepEqual(
      attempts.map(({ aborted }) => aborted),
      [true, false],
    )
    listen.close()
  })

  it('gives them that also if the first stream breaks before it is acknowledged', async () => {
    const { listen, attempts } = setUp()
    const first = listen.set({ resourceSubscriptions: ['a://1'] })
    const second = listen.set({ toolsListChanged: true })
    attempts[0]!.handlers.onEnd('it broke', false)
    attempts[1]!.handlers.onAcknowledged({ toolsListChanged: true })
    assert.deepEqual(await first, { toolsListChanged: true })
    assert.deepEqual(await second, { toolsListChanged: true })
    listen.close()
  })

  it('fails who waits for an acknowledgement when listening ends', async () => {
    const { listen, attempts } = setUp()
    const waiting = listen.set({ toolsListChanged: true })
    listen.close()
    attempts[0]!.handlers.onAcknowledged({ toolsListChanged: true })
    await assert.rejects(waiting, { code: 'MCP_BACKEND_PROTOCOL' })
    assert.equal(attempts[0]!.aborted, true)
  })
})

interface Attempt {
  filter: ListenFilter
  handlers: ListenHandlers
  aborted: boolean
}

function setUp() {
  const attempts: Attempt[] = []
  const listen = createModernListen({
    name: 'test',
    open(filter, handlers) {
      const attempt = { filter, handlers, aborted: false }
      attempts.push(attempt)
      return { abort: () => (attempt.aborted = true) }
    },
    onNotification() {},
    onBroken() {},
    onMended() {},
    ackTimeoutMs: 60_000,
  })
  return { listen, attempts }
}
