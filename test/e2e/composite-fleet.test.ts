import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connectHttp, ERAS } from '../support/clients.ts'
import { startFleet, startNearFleet, type Fleet } from '../support/fleet.ts'
import { openSession, readEvents, sendModern, type RawMessage } from '../support/raw-mcp.ts'
import { askingComposite, useCompositeLab } from '../support/composite-lab.ts'
import { until } from '../support/until.ts'

const CAN_ANSWER = { capabilities: { elicitation: {} } }
const COMPOSITES = [
  askingComposite({
    name: 'ask',
    asks: { name: { type: 'string' } },
    last: { name: '{{.steps.confirm.output.content.name}}' },
  }),
]
const ANSWER = { confirm: { action: 'accept', content: { name: 'Ada' } } }

describe('composite tools of a fleet', () => {
  const t = useCompositeLab()
  const options = () => ({ backends: { lab: t.lab.entry }, rest: { compositeTools: COMPOSITES } })

  it('are answered through any replica', async () => {
    await using fleet = await startNearFleet(options())
    for (const era of ERAS) {
      for (let turn = 0; turn < 3; turn++) {
        await using peer = await connectHttp(fleet.url, {
          era,
          onElicit: () => ({ action: 'accept', content: { name: 'Ada' } }),
        })
        const result = await peer.client.callTool({ name: 'ask', arguments: {} })
        assert.deepEqual(result.structuredContent, { said: { name: 'Ada' } })
      }
    }
  })

  describe('when a replica dies', () => {
    let fleet: Fleet
    before(async () => {
      fleet = await startFleet(options())
    })
    after(() => fleet?.[Symbol.asyncDispose]())

    it('go on in another one, with the answer of a modern client', async () => {
      t.lab.executed.length = 0
      const call = (replica: number, more: object = {}) =>
        sendModern(
          fleet.replicas[replica]!.url,
          'tools/call',
          { name: 'ask', arguments: {}, ...more },
          CAN_ANSWER,
        )
      const { requestState } = (await call(0)).response.result ?? {}
      await fleet.kill(0)
      const { response } = await call(1, { requestState, inputResponses: ANSWER })
      assert.equal(response.result?.['resultType'], 'complete', JSON.stringify(response))
      assert.deepEqual(response.result?.['structuredContent'], { said: { name: 'Ada' } })
      assert.deepEqual(t.lab.executed, ['set', 'say'])
    })

    it('ask a legacy client again, wherever its stream is', async () => {
      t.lab.executed.length = 0
      const session = await openSession(fleet.replicas[1]!.url, CAN_ANSWER)
      const opened = await session.open('tools/call', { name: 'ask', arguments: {} })
      await questionOn(opened)
      await fleet.kill(1)
      const headers = { 'mcp-session-id': session.id, 'mcp-protocol-version': session.version }
      const { url } = fleet.replicas[2]!
      const stream = await fetch(url, {
        headers: { accept: 'text/event-stream', ...headers },
        signal: AbortSignal.timeout(30_000),
      })
      const { id } = await questionOn(stream)
      const answered = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id, result: ANSWER.confirm }),
      })
      assert.equal(answered.status, 202)
      await until(
        'the last step',
        () => (t.lab.executed.includes('say') ? true : undefined),
        10_000,
      )
      assert.deepEqual(t.lab.executed, ['set', 'say'])
    })
  })
})

/** The first question on a stream; closes it. */
async function questionOn(response: Response): Promise<RawMessage> {
  for await (const { data } of readEvents(response)) {
    if (data === '') continue
    const message = JSON.parse(data) as RawMessage
    if (message.method === 'elicitation/create') return message
  }
  throw new Error('The stream ended before a question came')
}
