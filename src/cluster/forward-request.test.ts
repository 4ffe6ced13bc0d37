import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import { ANONYMOUS } from '../mcp/caller.ts'
import type { Forwarded } from '../mcp/edge-peers.ts'
import type { HttpRequest, HttpResponse } from '../net/http-message.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { clusterErrors } from './errors.ts'
import { forwardRequest, type ForwardParts } from './forward-request.ts'
import type { SilenceEnd } from './silence.ts'

interface Situation {
  readonly method?: 'POST' | 'GET'
  readonly find?: 'found' | 'unknown' | 'store away'
  /** Undefined: it is not known to be silent. */
  readonly silence?: Promise<SilenceEnd>
  readonly failure?: { readonly sent: boolean; readonly refused: boolean }
  readonly isAlive?: boolean
}

async function forward(situation: Situation) {
  const { method = 'POST', find = 'found', silence, failure, isAlive = true } = situation
  const buried: string[] = []
  let sent = 0
  const parts: ForwardParts = {
    directory: {
      async find(id) {
        if (find === 'store away') throw new Error('away')
        return find === 'found' ? { id, url: 'http://r2' } : undefined
      },
      isAlive: async () => isAlive,
      bury: async (id) => void buried.push(id),
    },
    silence: {
      of: () => silence,
      look: () => (isAlive ? new Promise(() => {}) : Promise.resolve('dead')),
    },
    link: {
      async send() {
        sent++
        const details = { sent: true, refused: false, denied: false, ...failure }
        throw clusterErrors.LINK({ replica: 'r2', reason: 'test', ...details })
      },
    },
    patienceMs: 20,
    log: silentLogger,
  }
  const request = { method, url: '/messages', headers: {} } as unknown as HttpRequest
  const response = Object.assign(new EventEmitter(), { headersSent: false, destroyed: false })
  const client = { principal: ANONYMOUS, address: undefined }
  const outcome: Forwarded = await forwardRequest(
    parts,
    'r2',
    request,
    response as unknown as HttpResponse,
    client,
  )
  return { outcome, sent, buried }
}

describe('a request that is handed on', () => {
  it('is not sent to a replica that stands still', async () => {
    const never = new Promise<SilenceEnd>(() => {})
    assert.deepEqual(await forward({ silence: never }), { outcome: 'silent', sent: 0, buried: [] })
    const dead = await forward({ silence: Promise.resolve('dead') })
    assert.deepEqual(dead, { outcome: 'gone', sent: 0, buried: [] })
    assert.equal((await forward({ silence: Promise.resolve('alive') })).sent, 1)
  })

  it('is of unknown outcome when it was sent and not answered, whatever became of the replica', async () => {
    for (const isAlive of [true, false]) {
      assert.equal((await forward({ isAlive })).outcome, 'unknown')
    }
  })

  it('can go on elsewhere when it was not sent, or opens a stream', async () => {
    const notSent = { sent: false, refused: false }
    assert.equal((await forward({ failure: notSent })).outcome, 'silent', 'it may go on')
    assert.equal((await forward({ failure: notSent, isAlive: false })).outcome, 'gone')
    assert.equal((await forward({ failure: notSent, method: 'GET' })).outcome, 'gone')
    const refused = await forward({ failure: { sent: false, refused: true } })
    assert.deepEqual(refused, { outcome: 'gone', sent: 1, buried: ['r2'] })
    assert.equal((await forward({ method: 'GET', isAlive: false })).outcome, 'gone')
    assert.equal((await forward({ method: 'GET', isAlive: true })).outcome, 'silent')
    assert.equal((await forward({ find: 'unknown' })).outcome, 'gone')
  })

  it('waits for a store that cannot say where the replica is, if it may act', async () => {
    assert.equal((await forward({ find: 'store away' })).outcome, 'silent')
    assert.equal((await forward({ find: 'store away', method: 'GET' })).outcome, 'gone')
  })
})
