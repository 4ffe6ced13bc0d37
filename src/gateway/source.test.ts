import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import type { BackendRequest } from '../mcp/backend-connection.ts'
import type { Call } from '../mcp/call.ts'
import { ANONYMOUS } from '../mcp/caller.ts'
import { parseRawResult } from '../mcp/raw-response.ts'
import { resultReply, type Reply } from '../mcp/reply.ts'
import { openStorage } from '../storage/open-storage.ts'
import { silentLogger } from '../telemetry/logger.ts'
import { aggregation, backends, operational } from './config.ts'
import { createGateway } from './create-gateway.ts'
import type { Source, SourceHost } from './source.ts'
import { createFakeBackend, makeCall } from './testing/fake-backend.ts'

const ORIGIN = { workflow: 'w', run: 'r1', step: 's' }

/** A gateway with one backend that has `list`, `add` (renamed `plus`) and `hidden`, and a source made by the test. */
async function setUp(source: (host: SourceHost) => Partial<Source>, passed: Call[] = []) {
  const fake = createFakeBackend()
  fake.answer = (request: BackendRequest): Reply =>
    request.method === 'tools/list'
      ? resultReply({ tools: ['list', 'add', 'hidden'].map((name) => ({ name, inputSchema: {} })) })
      : resultReply({ called: request.params?.['name'] ?? null })
  const gateway = createGateway({
    backends: backends.parse([{ name: 'calc', command: 'calc', stateless: true }]),
    aggregation: aggregation.parse({
      conflictResolution: 'prefix',
      conflictResolutionConfig: { prefixFormat: '{workload}_' },
      tools: [
        {
          workload: 'calc',
          filter: ['list', 'plus'],
          overrides: { add: { name: 'plus' } },
        },
      ],
    }),
    operational: operational.parse({}),
    info: { name: 'gateway', version: '1' },
    connectTo: () => fake.connect,
    sessionKeyPrefix: 'session:',
    store: (await openStorage({ provider: 'memory' }, { now: () => 0 })).keyValue,
    key: randomBytes(32),
    stages: [
      (call, next) => {
        passed.push(call)
        return next(call)
      },
    ],
    makeSources: (host) => [
      {
        name: '(own)',
        offer: () => ({ tools: [{ name: 'twice' }], notes: [] }),
        call: async () => resultReply({ from: 'source' }),
        ...source(host),
      },
    ],
    aroundBackend: (_backend, _call, request, go) => go(request),
    onBackendState: () => {},
    onCatalogue: () => {},
    newId: () => 'id',
    now: () => 0,
    log: silentLogger,
  })
  gateway.start()
  await gateway.settled(1000)
  return { gateway, fake, [Symbol.asyncDispose]: () => gateway.close() }
}

async function answerOf(reply: Promise<Reply>): Promise<unknown> {
  const got = await reply
  if (got.kind === 'raw') return parseRawResult(got.response)
  return got.kind === 'result' ? got.result : got.kind === 'error' ? got.error.message : got
}

function callOf(name: string, changes: Partial<Call> = {}): Call {
  return makeCall({ params: { name }, ...changes })
}

describe('sources beside backends', () => {
  it('have their tools among those of the backends and answer calls to them', async () => {
    await using t = await setUp(() => ({}))
    const names = t.gateway.catalogue.tools.map(({ name }) => name)
    assert.deepEqual(names, ['calc_list', 'calc_plus', 'twice'])
    const call = callOf('twice')
    assert.deepEqual(await answerOf(t.gateway.call(call)), { from: 'source' })
    assert.equal(call.routedTo, '(own)')
  })

  it('see what the backends offer to the caller', async () => {
    await using t = await setUp(() => ({
      offer: (catalogue) => ({
        tools: [{ name: 'twice', description: [...catalogue.byToolName.keys()].join(' ') }],
        notes: [],
      }),
    }))
    const own = t.gateway.catalogue.byToolName.get('twice')
    assert.equal(own?.definition['description'], 'calc_plus calc_list calc_hidden')
  })

  it('give way to a backend with a tool of the same name, and it is said', async () => {
    await using t = await setUp(() => ({
      offer: () => ({ tools: [{ name: 'calc_list' }, { name: 'twice' }], notes: [] }),
    }))
    assert.equal(t.gateway.catalogue.byToolName.get('calc_list')?.backend, 'calc')
    assert.ok(t.gateway.catalogue.byToolName.has('twice'))
    assert.match(t.gateway.catalogue.notes[0]?.message ?? '', /"calc_list" is left out/)
  })

  it('have their notes with those of the catalogue', async () => {
    const note = { code: 'own-not-offered', message: 'why', backends: [], subject: 'x' } as const
    await using t = await setUp(() => ({ offer: () => ({ tools: [], notes: [note] }) }))
    assert.deepEqual(t.gateway.catalogue.notes, [note])
  })

  it('announce what they offer from now on', async () => {
    let tools = [{ name: 'twice' }]
    await using t = await setUp(() => ({ offer: () => ({ tools, notes: [] }) }))
    const told: string[] = []
    const session = await t.gateway.sessions.create({
      version: '2025-11-25',
      capabilities: {},
      principal: ANONYMOUS,
    })
    session.channel = {
      notify: (method) => void told.push(method),
      ask: () => Promise.reject(new Error('not asked')),
      close() {},
    }
    tools = [{ name: 'thrice' }]
    t.gateway.sourcesChanged()
    assert.deepEqual(told, ['notifications/tools/list_changed'])
    assert.ok(t.gateway.catalogue.byToolName.has('thrice'))
  })
})

describe('inner calls', () => {
  const INNER = [
    ['a final name', 'calc_list', { called: 'list' }],
    ['a hidden tool', 'calc_hidden', { called: 'hidden' }],
    ['a tool by workload and its own name', 'calc.add', { called: 'add' }],
    ['no tool', 'nothing', 'Unknown tool: nothing'],
    ['no tool of a source', 'twice', 'Unknown tool: twice'],
  ] as const
  for (const [what, name, answer] of INNER) {
    it(`reach ${what} by "${name}"`, async () => {
      await using t = await setUp(() => ({}))
      assert.deepEqual(await answerOf(t.gateway.call(callOf(name, { origin: ORIGIN }))), answer)
    })
  }

  for (const name of ['calc_hidden', 'calc.add']) {
    it(`alone do so: to a client "${name}" is unknown`, async () => {
      await using t = await setUp(() => ({}))
      assert.equal(await answerOf(t.gateway.call(callOf(name))), `Unknown tool: ${name}`)
    })
  }

  it('go through all stages', async () => {
    const passed: Call[] = []
    await using t = await setUp(
      (host) => ({
        call: (call) => host.answer({ ...call, params: { name: 'calc_list' }, origin: ORIGIN }),
      }),
      passed,
    )
    assert.deepEqual(await answerOf(t.gateway.call(callOf('twice'))), { called: 'list' })
    assert.deepEqual(
      passed.map(({ origin }) => origin?.step),
      [undefined, 's'],
    )
  })
})
