import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import type { InputRequest } from './messages.ts'
import { VERSIONS } from './versions.ts'
import type { ProtocolVersion } from './versions.ts'
import { checkQuestion } from './question-rules.ts'
import type { Askable } from './question-rules.ts'

const form = { message: 'm', requestedSchema: { type: 'object', properties: {} } }
const url = { mode: 'url', url: 'https://x.example', message: 'm' }

function check(
  method: InputRequest['method'],
  params: JsonObject,
  version: ProtocolVersion,
  capabilities: JsonObject,
): Askable {
  const client = { era: VERSIONS[version].era, version, capabilities }
  return checkQuestion({ method, params }, client, () => 'new-id')
}

const kinds = (params: JsonObject, version: ProtocolVersion, elicitation: JsonObject): string =>
  check('elicitation/create', params, version, { elicitation }).kind

describe('what a client can be asked', () => {
  it('is what it declared, in versions that have it', () => {
    assert.equal(kinds(form, '2025-06-18', {}), 'ask')
    assert.equal(kinds(form, '2025-03-26', {}), 'refused')
    assert.equal(kinds(form, '2026-07-28', { url: {} }), 'refused')
    assert.equal(kinds(form, '2026-07-28', { url: {}, form: {} }), 'ask')
    assert.equal(check('roots/list', {}, '2024-11-05', { roots: {} }).kind, 'ask')
    assert.deepEqual(check('roots/list', {}, '2026-07-28', {}), {
      kind: 'refused',
      reason: 'the client did not declare the capability "roots"',
      required: { roots: {} },
    })
    const inPart = check('elicitation/create', form, '2026-07-28', { elicitation: { url: {} } })
    assert.match(JSON.stringify(inPart), /capability \\"elicitation\.form\\"/)
  })

  it('has urls from 2025-11-25 on; older clients decline', () => {
    assert.equal(kinds(url, '2025-11-25', { url: {} }), 'ask')
    assert.equal(kinds(url, '2025-11-25', {}), 'answered')
    assert.equal(kinds(url, '2025-06-18', { url: {} }), 'answered')
    assert.equal(kinds(url, '2025-03-26', { url: {} }), 'refused')
    assert.equal(kinds(url, '2026-07-28', {}), 'refused')
    const legacy = check('elicitation/create', url, '2025-11-25', { elicitation: { url: {} } })
    assert.deepEqual(legacy, { kind: 'ask', params: { ...url, elicitationId: 'new-id' } })
    const named = { ...url, elicitationId: 'x', _meta: {} }
    const modern = check('elicitation/create', named, '2026-07-28', { elicitation: { url: {} } })
    assert.deepEqual(modern, { kind: 'ask', params: url })
  })

  it('has sampling with tools only where both sides know it', () => {
    const plain = { messages: [] }
    const tools = { messages: [], tools: [] }
    const sampling = (params: JsonObject, version: ProtocolVersion, declared: JsonObject): string =>
      check('sampling/createMessage', params, version, { sampling: declared }).kind
    assert.equal(sampling(plain, '2024-11-05', {}), 'ask')
    assert.equal(sampling(tools, '2025-11-25', {}), 'refused')
    assert.equal(sampling(tools, '2025-06-18', { tools: {} }), 'refused')
    assert.equal(sampling(tools, '2026-07-28', { tools: {} }), 'ask')
  })

  it('is said in the words of its version', () => {
    const requestedSchema = {
      type: 'object',
      properties: {
        color: { type: 'string', oneOf: [{ const: 'r', title: 'Red' }, { const: 'g' }] },
        name: { type: 'string' },
      },
    }
    const params = { mode: 'form', message: 'm', requestedSchema }
    const asked = check('elicitation/create', params, '2025-06-18', { elicitation: {} })
    assert.deepEqual(asked, {
      kind: 'ask',
      params: {
        message: 'm',
        requestedSchema: {
          type: 'object',
          properties: {
            color: { type: 'string', enum: ['r', 'g'], enumNames: ['Red', 'g'] },
            name: { type: 'string' },
          },
        },
      },
    })
    const current = check('elicitation/create', params, '2025-11-25', { elicitation: {} })
    assert.deepEqual(current, { kind: 'ask', params })
  })
})
