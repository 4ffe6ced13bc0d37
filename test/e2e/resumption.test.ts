import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { behindGateway, textOf } from '../support/behind-gateway.ts'
import { connectHttp } from '../support/clients.ts'
import { FIXTURE_VARIANTS } from '../support/fixture.ts'
import { findMessage, openSession, readEvents, type SseEvent } from '../support/raw-mcp.ts'

/** Longer than an answer may take that is still sent as plain JSON. */
const LONG_CALL = { name: 'slow', arguments: { ms: 1200, label: 'long' } }

for (const variant of FIXTURE_VARIANTS) {
  describe(`a stream of a 2025-11-25 client in front of a ${variant} backend`, () => {
    const gateway = behindGateway(variant)

    it('begins with an empty event that has an id and a retry time', async () => {
      const session = await openSession(gateway().url)
      const [first] = await read(await session.open('tools/call', LONG_CALL))
      assert.equal(first?.data, '')
      assert.ok(first.id !== undefined && first.id !== '')
      assert.ok((first.retryMs ?? 0) > 0)
    })

    it('is replayed from the event the client saw last, no event twice', async () => {
      const session = await openSession(gateway().url)
      const call = { name: 'test_tool_with_progress', arguments: {}, _meta: { progressToken: 'p' } }
      const stop = new AbortController()
      const opened = await session.open('tools/call', call, stop.signal)
      const seen: SseEvent[] = []
      for await (const event of readEvents(opened)) {
        seen.push(event)
        if (event.data.includes('notifications/progress')) break
      }
      stop.abort()
      const resumed = await session.get(seen.at(-1)?.id, AbortSignal.timeout(8000))
      const rest: SseEvent[] = []
      for await (const event of readEvents(resumed)) {
        rest.push(event)
        if (event.data.includes('"result"')) break
      }
      const bodies = [...seen, ...rest].map(({ data }) => data).filter((data) => data !== '')
      const progress = bodies.filter((data) => data.includes('notifications/progress'))
      assert.equal(progress.length, 3)
      assert.equal(new Set(bodies).size, bodies.length)
      const ids = [...seen, ...rest].flatMap(({ id, data }) => (data === '' ? [] : [id]))
      assert.equal(new Set(ids).size, ids.length)
    })

    it('gives the answer even when it came while nobody listened', async () => {
      const session = await openSession(gateway().url)
      const stop = new AbortController()
      const opened = await session.open('tools/call', LONG_CALL, stop.signal)
      let last: string | undefined
      for await (const event of readEvents(opened)) {
        last = event.id
        break
      }
      stop.abort()
      await new Promise((resolve) => setTimeout(resolve, 1500))
      const resumed = await session.get(last, AbortSignal.timeout(8000))
      const { result } = await findMessage(resumed, (message) => message.result !== undefined)
      assert.equal(textOf(result ?? {}), 'slept long')
    })

    it('is fetched by the SDK client by itself when the backend drops its own stream', async () => {
      await using peer = await connectHttp(gateway().url, { era: 'legacy' })
      const result = await peer.client.callTool({ name: 'test_reconnection', arguments: {} })
      assert.equal(textOf(result), 'Answered after the stream was closed')
    })

    it('is not given to another session', async () => {
      const session = await openSession(gateway().url)
      const other = await openSession(gateway().url)
      const stop = new AbortController()
      const opened = await session.open('tools/call', LONG_CALL, stop.signal)
      let last: string | undefined
      for await (const event of readEvents(opened)) {
        last = event.id
        break
      }
      stop.abort()
      await new Promise((resolve) => setTimeout(resolve, 1500))
      const stolen = await other.get(last, AbortSignal.timeout(1000))
      const heard = stolen.ok ? await readForAWhile(stolen) : ''
      assert.ok(!heard.includes('slept long'))
    })
  })
}

async function read(response: Response): Promise<SseEvent[]> {
  const events: SseEvent[] = []
  for await (const event of readEvents(response)) events.push(event)
  return events
}

/** What comes before the signal of the request ends it. */
async function readForAWhile(response: Response): Promise<string> {
  let heard = ''
  try {
    for await (const event of readEvents(response)) heard += event.data
  } catch {
    return heard
  }
  return heard
}
