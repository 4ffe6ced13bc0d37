import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ANONYMOUS } from '../mcp/caller.ts'
import { createAudit, type AuditEvent } from './audit.ts'
import { openAuditFile } from './audit-sink.ts'
import { audit as schema } from './config.ts'

const EVENT: AuditEvent = {
  type: 'mcp_tool_call',
  outcome: 'success',
  source: '127.0.0.1',
  userAgent: 'test/1',
  principal: ANONYMOUS,
  client: { name: 'c', version: '1' },
  target: { endpoint: '/mcp', method: 'tools/call', type: 'tool', name: 'echo' },
  durationMs: 1.23456,
  transport: 'streamable-http',
  backend: 'b',
  request: () => '{"a":"ä"}',
  response: () => 'answer',
}

function fail(error: unknown): void {
  assert.fail(String(error))
}

function setUp(config: object = {}) {
  const written: string[] = []
  let ids = 0
  const audit = createAudit(
    schema.parse(config),
    { write: (text) => void written.push(text), close: async () => {} },
    { now: () => 0, newId: () => `id-${++ids}` },
  )
  const lines = () => {
    audit.flush()
    return written
      .join('')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }
  return { audit, written, lines }
}

describe('createAudit()', () => {
  it('writes the line that users parse today', () => {
    const t = setUp()
    t.audit.record(EVENT)
    assert.deepEqual(t.lines(), [
      {
        time: '1970-01-01T00:00:00.000Z',
        level: 'AUDIT',
        msg: 'audit_event',
        audit_id: 'id-1',
        type: 'mcp_tool_call',
        logged_at: '1970-01-01T00:00:00.000Z',
        outcome: 'success',
        component: 'vmcp-server',
        source: { type: 'network', value: '127.0.0.1', extra: { user_agent: 'test/1' } },
        subjects: {
          user: 'anonymous',
          user_id: 'unauthenticated',
          client_name: 'c',
          client_version: '1',
        },
        target: EVENT.target,
        metadata: {
          extra: { duration_ms: 1.235, transport: 'streamable-http', backend_name: 'b' },
        },
      },
    ])
  })

  it('gathers lines and writes them together', () => {
    const t = setUp()
    for (let i = 0; i < 10; i++) t.audit.record(EVENT)
    assert.equal(t.written.length, 0)
    assert.equal(t.lines().length, 10)
    assert.equal(t.written.length, 1)
  })

  it('writes only wanted types; exclusion wins', () => {
    const t = setUp({ eventTypes: ['mcp_tool_call', 'mcp_ping'], excludeEventTypes: ['mcp_ping'] })
    for (const type of ['mcp_tool_call', 'mcp_ping', 'mcp_initialize'] as const)
      t.audit.record({ ...EVENT, type })
    assert.deepEqual(
      t.lines().map((line) => line.type),
      ['mcp_tool_call'],
    )
  })

  it('includes data only when asked, cut to size without splitting a character', () => {
    const t = setUp({ includeRequestData: true, includeResponseData: true, maxDataSize: 7 })
    t.audit.record(EVENT)
    assert.deepEqual(t.lines()[0].data, { request: '{"a":"', response: 'answer' })
  })

  it('masks credentials in data, also where they are cut', () => {
    const t = setUp({ includeRequestData: true, maxDataSize: 24 })
    t.audit.record({ ...EVENT, request: () => '{"n":1,"token":"abcdefghijklmnop"}' })
    assert.deepEqual(t.lines()[0].data, { request: '{"n":1,"token":"[redacted]"' })
  })

  it('counts an application error as success where it is not looked for', () => {
    const t = setUp({ detectApplicationErrors: false })
    t.audit.record({ ...EVENT, outcome: 'application_error' })
    assert.equal(t.lines()[0].outcome, 'success')
  })

  it('says once that the disk is full, and goes on trying', async () => {
    const said: number[] = []
    const sink = openAuditFile('/dev/full', (_error, lostBytes) => said.push(lostBytes))
    for (let i = 0; i < 5; i++) sink.write('line\n')
    await sink.close()
    assert.deepEqual(said, [5])
  })

  it('appends to a file that only its owner may read, and says which file it cannot open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'audit-'))
    try {
      const path = join(folder, 'audit.log')
      const audit = createAudit(schema.parse({}), openAuditFile(path, fail), {
        now: () => 0,
        newId: () => 'x',
      })
      audit.record(EVENT)
      await audit.close()
      assert.equal((await readFile(path, 'utf8')).split('\n').length, 2)
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      assert.throws(() => openAuditFile(join(folder, 'no', 'x.log'), fail), {
        code: 'POLICY_AUDIT_FILE',
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
