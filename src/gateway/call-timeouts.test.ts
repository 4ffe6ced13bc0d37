import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callTimeouts, connectTimeoutMs } from './call-timeouts.ts'
import { backends, operational } from './config.ts'

const settings = operational.parse({
  timeouts: {
    default: '30s',
    absolute: '1h',
    connect: '10s',
    perWorkload: { slow: '2m', toString: '1s' },
  },
})

function timeoutsOf(backend: object, tool?: string) {
  const [config] = backends.parse([{ url: 'http://x', ...backend }])
  assert.ok(config)
  return callTimeouts(settings, config, tool)
}

describe('callTimeouts', () => {
  it('takes the nearest: tool, backend, perWorkload, default', () => {
    const timeouts = {
      connect: '1s',
      idle: '3s',
      tools: { export: { idle: '9s', absolute: '2h' } },
    }
    assert.deepEqual(timeoutsOf({ name: 'a' }), {
      connectMs: 10_000,
      idleMs: 30_000,
      absoluteMs: 3_600_000,
    })
    assert.equal(timeoutsOf({ name: 'slow' }).idleMs, 120_000)
    assert.deepEqual(timeoutsOf({ name: 'slow', timeouts }), {
      connectMs: 1000,
      idleMs: 3000,
      absoluteMs: 3_600_000,
    })
    assert.deepEqual(timeoutsOf({ name: 'slow', timeouts }, 'export'), {
      connectMs: 1000,
      idleMs: 9000,
      absoluteMs: 7_200_000,
    })
  })

  it('finds no timeouts in names that objects inherit', () => {
    assert.equal(timeoutsOf({ name: 'constructor' }, 'valueOf').idleMs, 30_000)
  })
})

describe('connectTimeoutMs', () => {
  const [url, command, own] = backends.parse([
    { name: 'a', url: 'http://x' },
    { name: 'b', command: 'npx' },
    { name: 'c', command: 'npx', timeouts: { connect: '1s' } },
  ])
  assert.ok(url && command && own)

  it('gives a command time to download what it starts', () => {
    const untold = operational.parse({})
    assert.equal(connectTimeoutMs(untold, url), 10_000)
    assert.equal(connectTimeoutMs(untold, command), 60_000)
  })

  it('takes what the file says', () => {
    const told = operational.parse({ timeouts: { connect: '5s' } })
    assert.equal(connectTimeoutMs(told, url), 5000)
    assert.equal(connectTimeoutMs(told, command), 5000)
    assert.equal(connectTimeoutMs(told, own), 1000)
  })
})
