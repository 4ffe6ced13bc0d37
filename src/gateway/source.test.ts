import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Call } from '../mcp/call.ts'
import { ANONYMOUS } from '../mcp/caller.ts'
import { answerOf, gatewayWithSource, toolCall } from './testing/gateway-with-source.ts'

const ORIGIN = { workflow: 'w', run: 'r1', step: 's' }

describe('sources beside backends', () => {
  it('have their tools among those of the backends and answer calls to them', async () => {
    await using t = await gatewayWithSource()
    const names = t.gateway.catalogue.tools.map(({ name }) => name)
    assert.deepEqual(names, ['calc_list', 'calc_plus', 'twice'])
    const call = toolCall('twice')
    assert.deepEqual(await answerOf(t.gateway.call(call)), { from: 'source' })
    assert.equal(call.routedTo, '(own)')
  })

  it('see what the backends offer to the caller', async () => {
    await using t = await gatewayWithSource({
      source: () => ({
        offer: (catalogue) => ({
          tools: [{ name: 'twice', description: [...catalogue.byToolName.keys()].join(' ') }],
          notes: [],
        }),
      }),
    })
    const own = t.gateway.catalogue.byToolName.get('twice')
    assert.equal(own?.definition['description'], 'calc_plus calc_list calc_hidden')
  })

  it('give way to a backend with a tool of the same name, and it is said', async () => {
    await using t = await gatewayWithSource({
      source: () => ({
        offer: () => ({ tools: [{ name: 'calc_list' }, { name: 'twice' }], notes: [] }),
      }),
    })
    assert.equal(t.gateway.catalogue.byToolName.get('calc_list')?.backend, 'calc')
    assert.ok(t.gateway.catalogue.byToolName.has('twice'))
    assert.match(t.gateway.catalogue.notes[0]?.message ?? '', /"calc_list" is left out/)
  })

  it('have their notes with those of the catalogue', async () => {
    const note = { code: 'own-not-offered', message: 'why', backends: [], subject: 'x' } as const
    await using t = await gatewayWithSource({
      source: () => ({ offer: () => ({ tools: [], notes: [note] }) }),
    })
    assert.deepEqual(t.gateway.catalogue.notes, [note])
  })

  it('announce what they offer from now on', async () => {
    let tools = [{ name: 'twice' }]
    await using t = await gatewayWithSource({
      source: () => ({ offer: () => ({ tools, notes: [] }) }),
    })
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
      await using t = await gatewayWithSource()
      assert.deepEqual(await answerOf(t.gateway.call(toolCall(name, { origin: ORIGIN }))), answer)
    })
  }

  for (const name of ['calc_hidden', 'calc.add']) {
    it(`alone do so: to a client "${name}" is unknown`, async () => {
      await using t = await gatewayWithSource()
      assert.equal(await answerOf(t.gateway.call(toolCall(name))), `Unknown tool: ${name}`)
    })
  }

  it('go through all stages', async () => {
    const passed: Call[] = []
    await using t = await gatewayWithSource({
      source: (host) => ({
        call: (call) => host.answer({ ...call, params: { name: 'calc_list' }, origin: ORIGIN }),
      }),
      passed,
    })
    assert.deepEqual(await answerOf(t.gateway.call(toolCall('twice'))), { called: 'list' })
    assert.deepEqual(
      passed.map(({ origin }) => origin?.step),
      [undefined, 's'],
    )
  })
})
