import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAppError } from '../../../base/errors.ts'
import { badStdio } from '../../testing/bad-peers.ts'
import { openTestConnection, textOf, toolCall, until } from '../../testing/test-connection.ts'

const SHORT = { timeouts: { idleMs: 400, absoluteMs: 0 } }

describe('a stdio backend that misbehaves', { concurrency: 6 }, () => {
  it('skips junk between messages and says so in the log', async () => {
    await using test = await openTestConnection(badStdio('junk'))
    assert.equal(textOf(await test.connection.request(toolCall('a'))), 'a')
    assert.equal(textOf(await test.connection.request(toolCall('b'))), 'b')
    assert.ok(test.heard.logged.some(([, { begins }]) => begins === 'debug: about to answer'))
    assert.deepEqual(test.heard.closed, [])
  })

  it('fails what is in flight when the process dies in the middle of a message', async () => {
    await using test = await openTestConnection(badStdio('dies-mid-message'))
    await assert.rejects(test.connection.request(toolCall('a')), {
      code: 'MCP_BACKEND_GONE',
      message: /exit code 3/,
      details: {
        backend: 'test',
        ran: 'unknown',
        reason: `process "${process.execPath}" ended with exit code 3`,
      },
    })
    await until(() => test.heard.closed.length === 1, 'onClose')
    await assert.rejects(test.connection.request(toolCall('a')), {
      code: 'MCP_BACKEND_GONE',
    })
  })

  it('times out a call that is never answered, and stays usable for others', async () => {
    await using test = await openTestConnection(badStdio('hangs'))
    const calls = [1, 2, 3].map(() => test.connection.request(toolCall('a', {}, SHORT)))
    for (const call of calls) await assert.rejects(call, { code: 'MCP_BACKEND_TIMEOUT' })
    assert.equal(test.connection.inFlight, 0)
    assert.deepEqual(test.heard.closed, [])
  })

  it('times out on half an answer', async () => {
    await using test = await openTestConnection(badStdio('half-json'))
    await assert.rejects(test.connection.request(toolCall('a', {}, SHORT)), {
      code: 'MCP_BACKEND_TIMEOUT',
    })
  })

  it('takes the first of two answers and ignores answers to nothing', async () => {
    await using test = await openTestConnection(badStdio('twice'))
    assert.equal(textOf(await test.connection.request(toolCall('a'))), 'a')
    assert.equal(textOf(await test.connection.request(toolCall('b'))), 'b')
    assert.ok(test.heard.logged.length >= 3)
  })

  it('delivers a flood of notifications in order and the answer after it', async () => {
    await using test = await openTestConnection(badStdio('floods'))
    let count = 0
    const request = toolCall(
      'a',
      {},
      {
        onNotification: (_, params) => assert.equal(params['data'], count++),
      },
    )
    assert.equal(textOf(await test.connection.request(request)), 'a')
    assert.equal(count, 20_000)
  })

  it('does not fill the log with a flood of junk', async () => {
    await using test = await openTestConnection(badStdio('chatters'))
    assert.equal(textOf(await test.connection.request(toolCall('a'))), 'a')
    assert.ok(test.heard.logged.length < 20, String(test.heard.logged.length))
  })

  it('ends a connection whose line exceeds the limit', async () => {
    await using test = await openTestConnection(badStdio('oversized'), {
      maxMessageBytes: 1_000_000,
    })
    await assert.rejects(test.connection.request(toolCall('a')), {
      code: 'MCP_BACKEND_PROTOCOL',
      message: /limit is 1000000/,
    })
    assert.equal(test.heard.closed.length, 1)
  })

  it('ends a connection whose process closes its stdout', async () => {
    await using test = await openTestConnection(badStdio('closes-stdout'))
    await assert.rejects(test.connection.request(toolCall('a')), { code: 'MCP_BACKEND_GONE' })
    assert.equal(test.heard.closed.length, 1)
  })

  it('refuses requests when too much waits to be read', async () => {
    const target = badStdio('stops-reading')
    await using test = await openTestConnection(target, { maxMessageBytes: 300_000 })
    const text = 'x'.repeat(100_000)
    const failures: unknown[] = []
    for (let i = 0; i < 10; i++) {
      // Who cannot be asked anything takes no turns.
      const call = toolCall('a', { text }, { capabilities: {} })
      test.connection.request(call).catch((error) => void failures.push(error))
      await sleep(10)
    }
    assert.ok(failures.length >= 3)
    for (const error of failures) {
      assert.ok(isAppError(error, 'MCP_BACKEND_UNREACHABLE'))
      assert.equal(error.details['ran'], 'no')
    }
  })

  it('gives up connecting while the process does not read', async () => {
    const target = badStdio('not-reading')
    const connecting = openTestConnection(target, { era: 'legacy', connectTimeoutMs: 300 })
    await assert.rejects(connecting, { code: 'MCP_BACKEND_TIMEOUT' })
  })

  it('takes a batch apart', async () => {
    await using test = await openTestConnection(badStdio('batch'))
    const seen: string[] = []
    const request = toolCall('a', {}, { onNotification: (method) => void seen.push(method) })
    assert.equal(textOf(await test.connection.request(request)), 'a')
    assert.deepEqual(seen, ['notifications/message'])
  })

  it('answers ping by itself and unknown questions with an error', async () => {
    await using test = await openTestConnection(badStdio('asks'))
    const answers = JSON.parse(textOf(await test.connection.request(toolCall('a')))) as object[]
    assert.deepEqual(answers[0], { jsonrpc: '2.0', id: 'p', result: {} })
    assert.partialDeepStrictEqual(answers[1], { id: 'x', error: { code: -32601 } })
  })

  it('starts a server that dies of the probe again, as a legacy one', async () => {
    await using test = await openTestConnection(badStdio('exits-on-probe'))
    assert.equal(test.connection.era, 'legacy')
    assert.equal(textOf(await test.connection.request(toolCall('a'))), 'a')
    await sleep(50)
    assert.deepEqual(test.heard.closed, [])
  })

  it('starts a server that is silent on the probe again, as a legacy one', async () => {
    await using test = await openTestConnection(badStdio('silent-on-probe'), {
      probeTimeoutMs: 400,
    })
    assert.equal(test.connection.era, 'legacy')
    assert.equal(textOf(await test.connection.request(toolCall('a'))), 'a')
  })

  it('says why it cannot connect', async () => {
    await assert.rejects(openTestConnection(badStdio('refuses')), {
      code: 'MCP_BACKEND_PROTOCOL',
      message: /not today/,
    })
    await assert.rejects(openTestConnection(badStdio('future')), {
      code: 'MCP_BACKEND_PROTOCOL',
      message: /2199-01-01/,
    })
    const missing = { kind: 'stdio', command: '/no/such/program', args: [], env: {} } as const
    await assert.rejects(openTestConnection(missing), {
      code: 'MCP_BACKEND_UNREACHABLE',
      message: /no\/such\/program.*ENOENT$/,
    })
    const line = { ...missing, command: '/no/such/program -y foo' }
    await assert.rejects(openTestConnection(line), {
      code: 'MCP_BACKEND_UNREACHABLE',
      message: /write command: \/no\/such\/program, and the arguments into args: \[-y, foo\]\)$/,
    })
  })

  it('gives up connecting when asked to', async () => {
    const controller = new AbortController()
    const connecting = openTestConnection(badStdio('not-reading'), { signal: controller.signal })
    setTimeout(() => controller.abort(), 100)
    await assert.rejects(connecting, { code: 'MCP_CALL_CANCELLED' })
  })
})
