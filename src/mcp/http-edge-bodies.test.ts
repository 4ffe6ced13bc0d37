import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resultReply } from './reply.ts'
import { modern, send, startTestEdge, until } from './testing/test-edge.ts'

const done = resultReply({ content: [] })

describe('large bodies of many clients', () => {
  it('are refused beyond what all together may take, small ones never', async () => {
    await using test = await startTestEdge({ limits: { maxBodyBytesTotal: 300_000 } })
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => (finish = resolve))
    test.gateway.tools.set('waits', () => finished.then(() => done))
    const ask = (name: string, size: number) =>
      send(test.url, modern('tools/call', { name, arguments: { text: 'x'.repeat(size) } }))

    const first = ask('waits', 200_000)
    await until(() => test.gateway.calls.length === 1)
    assert.equal((await ask('echo', 200_000)).status, 503)
    assert.equal((await ask('echo', 20_000)).status, 200)
    finish()
    assert.equal((await first).status, 200)
    assert.equal((await ask('echo', 200_000)).status, 200)
  })
})
