import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import {
  callIn,
  callModern,
  isAlive,
  logLines,
  said,
  stdioLab,
  toolNames,
} from '../support/lab-client.ts'
import { openSession } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

const PREFIXED = {
  aggregation: {
    conflictResolution: 'prefix',
    conflictResolutionConfig: { prefixFormat: '{workload}_' },
  },
}

describe('a stdio backend', () => {
  let gateway: Gateway
  before(async () => {
    gateway = await startGateway(
      gatewayConfig(
        {
          lab: { ...stdioLab(), env: { LAB_SAYS: 'hello' } },
          shared: { ...stdioLab(), stateless: true },
        },
        PREFIXED,
      ),
    )
    await until('both', async () =>
      (await toolNames(gateway.url)).includes('shared_pid') ? true : undefined,
    )
  })
  after(() => gateway?.[Symbol.asyncDispose]())

  it('that is killed is started again; the next call works and the log says what is lost', async () => {
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'lab_count'), '1')
    assert.equal(await callIn(session, 'lab_count'), '2')
    const pid = Number(await callIn(session, 'lab_pid'))
    process.kill(pid, 'SIGKILL')
    const ended = await until('the end of the process', () =>
      logLines(gateway).find(({ msg }) => msg === 'Backend process ended'),
    )
    assert.deepEqual([ended['backend'], ended['signal']], ['lab', 'SIGKILL'])
    assert.equal(await callIn(session, 'lab_count'), '1')
    const now = Number(await callIn(session, 'lab_pid'))
    assert.notEqual(now, pid)
    assert.ok(await isAlive(now))
    const lost = await until('the words', () =>
      logLines(gateway).find(({ msg }) => /what the backend kept .* is gone/.test(String(msg))),
    )
    assert.deepEqual([lost['backend'], lost['session']], ['lab', session.id])
    assert.match(String(lost['reason']), /SIGKILL/)
  })

  it('that everybody shares is started again by itself', async () => {
    const pid = Number(await callModern(gateway.url, 'shared_pid'))
    process.kill(pid, 'SIGKILL')
    await until('another process', async () => {
      const now = Number(await callModern(gateway.url, 'shared_pid'))
      return now > 0 && now !== pid ? now : undefined
    })
  })

  it('that dies in a call ends that call with an error, and no other', async () => {
    const session = await openSession(gateway.url)
    const other = await openSession(gateway.url)
    assert.equal(await callIn(other, 'lab_count'), '1')
    const reply = await session.send('tools/call', { name: 'lab_die', arguments: {} })
    assert.match(said(reply), /went away before it answered.*exit code 3/s)
    assert.equal(await callIn(session, 'lab_count'), '1')
    assert.equal(await callIn(other, 'lab_count'), '2', 'the process of another session lives on')
  })

  it('has the lines it writes to stderr in the log, under its name', async () => {
    const session = await openSession(gateway.url)
    await callIn(session, 'lab_say', { line: 'cannot find my keys' })
    const line = await until('the line', () =>
      logLines(gateway).find((entry) => entry['line'] === 'cannot find my keys'),
    )
    assert.equal(line['backend'], 'lab')
  })

  it('gets the environment of the file and not that of the gateway', async () => {
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'lab_env', { name: 'LAB_SAYS' }), 'hello')
    assert.equal(await callIn(session, 'lab_env', { name: 'XDG_STATE_HOME' }), '')
    assert.notEqual(await callIn(session, 'lab_env', { name: 'PATH' }), '')
  })

  it('writes log lines that name no key twice', () => {
    for (const line of gateway.child.output().split('\n')) {
      const keys = [...line.matchAll(/[{,]"(backend|session|level|msg)":/g)].map(([, key]) => key)
      assert.equal(new Set(keys).size, keys.length, line)
    }
  })

  for (const [signal, how] of [
    ['SIGTERM', 'ended'],
    ['SIGKILL', 'killed'],
  ] as const) {
    it(`leaves no process behind when the gateway is ${how}`, async () => {
      await using own = await startGateway(gatewayConfig({ lab: stdioLab() }))
      const session = await openSession(own.url)
      const pids = [
        Number(await callIn(session, 'pid')),
        Number(await callModern(own.url, 'pid')),
        Number(await callIn(session, 'grandchild')),
        Number(await callIn(session, 'daemon')),
      ]
      for (const pid of pids) assert.ok(await isAlive(pid), String(pid))
      own.child.process.kill(signal)
      await until(
        'their end',
        async () => {
          const alive = await Promise.all(pids.map((pid) => isAlive(pid)))
          return alive.includes(true) ? undefined : true
        },
        8000,
      )
    })
  }

  it('that keeps crashing is started again with growing pauses', async () => {
    await using own = await startGateway(
      gatewayConfig({
        crashing: stdioLab('--die-after', '20'),
        never: { transport: 'stdio', command: process.execPath, args: ['-e', 'process.exit(1)'] },
        good: stdioLab(),
      }),
    )
    await sleep(3000)
    const starts = (name: string) =>
      logLines(own).filter((line) => line['backend'] === name && /ended/.test(String(line['msg'])))
        .length
    for (const name of ['crashing', 'never']) {
      assert.ok(starts(name) >= 2, `${name} was tried ${starts(name)} times`)
      assert.ok(starts(name) <= 12, `${name} was tried ${starts(name)} times in 3 s`)
    }
    assert.equal(await callModern(own.url, 'count'), '1')
  })
})
