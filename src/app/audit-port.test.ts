import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ANONYMOUS, type ClientView } from '../mcp/caller.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import type { GatewayPort } from '../mcp/gateway-port.ts'
import type { AuditEvent } from '../policy/audit.ts'
import { createAuditPort } from './audit-port.ts'

const CLIENT: ClientView = {
  era: 'legacy',
  version: '2025-11-25',
  capabilities: {},
  info: { name: 'c', version: '1' },
}
const SESSION: ClientSession = {
  id: 's',
  principal: ANONYMOUS,
  client: CLIENT,
  channel: undefined,
  inFlight: 0,
}

function setUp({ isStdio = false, fails = false } = {}) {
  const events: AuditEvent[] = []
  const reached: string[] = []
  const fake: GatewayPort = {
    sessions: {
      create: async () => {
        if (fails) throw new Error('no room')
        return SESSION
      },
      find: () => SESSION,
      setLogLevel: () => void reached.push('setLogLevel'),
      claimStream: async () => {},
      end: async () => {},
    },
    describe: () => ({ info: { name: 'g', version: '1' }, capabilities: {} }),
    call: () => Promise.reject(new Error('not used')),
    clientNotification: (_session, method) => reached.push(method),
    toolParamHeaders: () => undefined,
    listen: async () => ({ honoured: {}, stop: () => {} }),
  }
  const audit = {
    wants: () => true,
    record: (event: AuditEvent) => void events.push(event),
    flush: () => {},
    close: async () => {},
  }
  return { port: createAuditPort(fake, { audit: () => audit, isStdio }), events, reached }
}

const REQUEST = {
  version: CLIENT.version,
  capabilities: {},
  principal: ANONYMOUS,
  info: CLIENT.info!,
}

describe('createAuditPort()', () => {
  it('tells of the beginning of a session, who began it and from where', async () => {
    const t = setUp()
    const from = { source: '10.0.0.7', userAgent: 'test/1' }
    assert.equal(await t.port.sessions.create({ ...REQUEST, from }), SESSION)
    const [event] = t.events
    assert.deepEqual(
      [event?.type, event?.outcome, event?.source, event?.userAgent, event?.client?.name],
      ['mcp_initialize', 'success', '10.0.0.7', 'test/1', 'c'],
    )
  })

  it('tells of a session that could not be made', async () => {
    const t = setUp({ fails: true })
    await assert.rejects(t.port.sessions.create(REQUEST), /no room/)
    assert.equal(t.events[0]?.outcome, 'failure')
  })

  it('tells of log levels, notifications and streams, and hands them on', async () => {
    const t = setUp()
    void t.port.sessions.setLogLevel(SESSION, 'debug')
    t.port.clientNotification(SESSION, 'notifications/roots/list_changed', {})
    t.port.clientNotification(SESSION, 'notifications/other', {})
    const sink = () => {}
    await t.port.listen({ filter: {}, client: CLIENT, principal: ANONYMOUS, sink, onEnd: sink })
    assert.deepEqual(
      t.events.map((event) => event.type),
      ['mcp_logging', 'mcp_roots_list_changed', 'mcp_notification', 'sse_connection'],
    )
    assert.deepEqual(t.reached, [
      'setLogLevel',
      'notifications/roots/list_changed',
      'notifications/other',
    ])
  })

  it('names stdio as what it is', async () => {
    const t = setUp({ isStdio: true })
    await t.port.sessions.create(REQUEST)
    const [event] = t.events
    assert.deepEqual(
      [event?.source, event?.transport, event?.target.endpoint],
      ['stdio', 'stdio', 'stdio'],
    )
  })
})
