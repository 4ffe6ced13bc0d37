import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancellation } from '../../base/cancellation.ts'
import type { SharedConnect } from '../../cluster/shared-connect.ts'
import type { SharedConnections } from '../../cluster/shared-connections.ts'
import { ANONYMOUS } from '../../mcp/caller.ts'
import type { BackendConnection } from '../../mcp/backend-connection.ts'
import { resultReply } from '../../mcp/reply.ts'
import { NO_EVENTS } from './connection-events.ts'
import { shareConnect } from './share-connect.ts'

const REQUEST = { capabilities: {}, openStream: false, events: NO_EVENTS }

async function tells(connection: BackendConnection): Promise<boolean> {
  const reply = await connection.request({
    method: 'tools/call',
    params: { name: 'x' },
    capabilities: {},
    wantsProgress: false,
    cancellation: new Cancellation(),
    timeouts: { idleMs: 1_000, absoluteMs: 0 },
  })
  return reply.kind === 'result' && reply.result['_meta'] !== undefined
}

describe('a connection that is shared with other replicas', () => {
  it('tells once what was lost here, where another replica goes on with something else and does not tell', async () => {
    const asked: SharedConnect[] = []
    const connections: Pick<SharedConnections, 'connect'> = {
      async connect(wanted) {
        asked.push(wanted)
        return {
          era: 'legacy',
          version: '2025-11-25',
          server: { info: { name: 'test', version: '1' }, capabilities: {} },
          inFlight: 0,
          request: async () => resultReply({}),
          notify() {},
          async close() {},
        }
      },
    }
    const connect = shareConnect({
      connections: connections as SharedConnections,
      backend: 'test',
      owner: { kind: 'principal', principal: ANONYMOUS },
      isProcess: () => true,
      server: () => undefined,
      connect: () => Promise.reject(new Error('not used')),
    })
    assert.equal(await tells(await connect(REQUEST)), false)
    asked[0]?.onLost('another replica has it', false)
    assert.equal(await tells(await connect(REQUEST)), false)
    asked[1]?.onLost('another replica has it', true)
    const next = await connect(REQUEST)
    assert.deepEqual([await tells(next), await tells(next)], [true, false])
    assert.equal(await tells(await connect(REQUEST)), false)
    assert.deepEqual(
      asked.map(({ isAgain }) => isAgain),
      [false, true, true, true],
    )
  })
})
