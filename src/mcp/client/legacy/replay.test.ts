import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ANONYMOUS } from '../../caller.ts'
import { DEFAULT_CLIENT_LIMITS } from '../../client-limits.ts'
import type { ClientLimits } from '../../client-limits.ts'
import type { ClientSession } from '../../client-session.ts'
import type { KeptEvents } from '../../kept-events.ts'
import { ReplayStore } from './replay-store.ts'
import { SessionStreams } from './session-streams.ts'
import type { Ticker, Ticking } from '../ticker.ts'

function setUp(limits: Partial<ClientLimits> = {}) {
  const ticking = new Set<Ticking>()
  const ticker: Ticker = {
    nowMs: 0,
    add: (each) => void ticking.add(each),
    delete: (each) => void ticking.delete(each),
    stop: () => {},
  }
  const all = { ...DEFAULT_CLIENT_LIMITS, ...limits }
  const store = new ReplayStore(all, ticker)
  const streamsOf = (epoch: string, kept?: KeptEvents): SessionStreams => {
    const session: ClientSession = {
      id: epoch,
      principal: ANONYMOUS,
      client: { era: 'legacy', version: '2025-11-25', capabilities: {} },
      channel: undefined,
      inFlight: 0,
    }
    return new SessionStreams(epoch, session, all, store, kept)
  }
  return { store, streamsOf, ticking }
}

const body = [Buffer.alloc(100, 'x')]

describe('what is kept for replay', () => {
  it('is bounded over all sessions, the oldest given up first', () => {
    const { store, streamsOf } = setUp({ maxReplayBytesTotal: 1_000 })
    const first = streamsOf('a').open()
    const second = streamsOf('b').open()
    for (let i = 0; i < 5; i++) first.send(body)
    assert.ok(first.heldBytes > 500)
    for (let i = 0; i < 5; i++) second.send(body)
    assert.equal(first.heldBytes, 0)
    assert.equal(store.bytes, second.heldBytes)
    for (let i = 0; i < 50; i++) second.send(body)
    assert.ok(store.bytes <= 1_000)
  })

  it('says to other processes what a stream answers, however much it says before', () => {
    const said: (readonly unknown[] | number)[] = []
    const kept: KeptEvents = {
      begin: (_session, stream, requests) => void said.push([stream, ...requests]),
      end: (_session, stream) => void said.push(['end', stream]),
      keep: (_session, _stream, seq) => void said.push(seq),
      read: () => Promise.resolve(undefined),
    }
    const stream = setUp().streamsOf('a', kept).open(['call'])
    for (let i = 0; i < 5_000; i++) stream.send(body)
    assert.deepEqual(said[0], ['a.1', 'call'])
    const last = said.slice(-1_000)
    assert.equal(last.at(-1), 5_000)
    assert.deepEqual(
      last.find((each) => typeof each === 'object'),
      ['a.1', 'call'],
    )
    stream.end()
    assert.deepEqual(said.at(-1), ['end', 'a.1'])
  })

  it('is not even a stream when it was finished and its events were given up', () => {
    const { store, streamsOf } = setUp({ maxReplayBytesTotal: 1_000 })
    const first = streamsOf('a')
    for (let i = 0; i < 4; i++) {
      const stream = first.open()
      stream.send(body)
      stream.end()
    }
    const second = streamsOf('b').open()
    for (let i = 0; i < 5; i++) second.send(body)
    for (const id of ['a.1.0', 'a.2.0']) assert.equal(first.find(id), undefined)
    assert.ok(store.bytes <= 1_000)
  })

  it('is bounded per session in bytes', () => {
    const { store, streamsOf } = setUp({ maxReplayBytesPerSession: 500 })
    const streams = streamsOf('a')
    for (let i = 0; i < 10; i++) {
      const stream = streams.open()
      stream.send(body)
      stream.end()
    }
    assert.ok(store.bytes <= 500)
    assert.equal(streams.find('a.1.0'), undefined)
    assert.equal(streams.find('a.10.0')?.stream.number, 10)
  })

  it('is forgotten some time after the end, and with the session', () => {
    const { store, streamsOf, ticking } = setUp({ replayKeepMs: 1_000 })
    const streams = streamsOf('a')
    const stream = streams.open()
    stream.send(body)
    stream.end()
    assert.equal(ticking.size, 1)
    for (const each of ticking) each.tick(performance.now() + 500)
    assert.ok(store.bytes > 0)
    for (const each of ticking) each.tick(performance.now() + 1_500)
    assert.equal(store.bytes, 0)
    assert.equal(streams.find('a.1.0'), undefined)
    assert.equal(ticking.size, 0)
    streams.open().send(body)
    streams.close()
    assert.equal(store.bytes, 0)
  })

  it('is found by event id; the standalone stream of another process begins anew', () => {
    const { streamsOf } = setUp()
    const streams = streamsOf('a')
    const stream = streams.open()
    stream.send(body)
    assert.deepEqual(streams.find('a.1.1'), { stream, seq: 1 })
    assert.equal(streams.find('b.1.1'), undefined)
    assert.equal(streams.find('b.0.7')?.seq, 0)
    assert.equal(streams.find('a.0.7')?.seq, 7)
    for (const junk of ['', 'a', 'a.1', 'a.1.x', 'a.1.1.1']) {
      assert.equal(streams.find(junk), undefined)
    }
  })
})
