import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Gateway } from '../gateway/create-gateway.ts'
import { renderProblem } from '../schema/problem.ts'
import { limitProblems } from './limit-names.ts'
import { parseVmcpConfig } from './load-vmcp-config.ts'

const { config } = await parseVmcpConfig(
  `
name: n
groupRef: g
incomingAuth: { type: anonymous }
outgoingAuth: { source: inline }
backends: [{ name: calc, command: calc }]
aggregation:
  conflictResolution: prefix
  conflictResolutionConfig: { prefixFormat: '{workload}_' }
rateLimiting:
  tools:
    - { name: calc_add, shared: { maxTokens: 1, refillPeriod: 1s } }
    - { name: calc_mull, shared: { maxTokens: 1, refillPeriod: 1s } }
    - { name: call_tool, shared: { maxTokens: 1, refillPeriod: 1s } }
    - { name: somewhere_else, shared: { maxTokens: 1, refillPeriod: 1s } }
`,
  'f',
  {},
)

function problems(isKnown: boolean): string[] {
  assert.ok(config)
  const tools = isKnown ? ['add', 'mul'].map((name) => ({ name })) : []
  const known = { tools: isKnown, resources: true, resourceTemplates: true, prompts: true }
  const none = { resources: [], resourceTemplates: [], prompts: [] }
  const offer = {
    backend: 'calc',
    era: undefined,
    description: undefined,
    ...none,
    tools,
    known,
    malformed: {},
  }
  const gateway: Pick<Gateway, 'offers'> = { offers: [offer] }
  return limitProblems(config, gateway).map(renderProblem)
}

describe('limitProblems()', () => {
  it('finds limits for tools that nobody offers', () => {
    assert.deepEqual(problems(true), [
      'f:13:15 rateLimiting.tools[1].name: no tool has the name "calc_mull", so nothing is limited (did you mean "calc_mul"?)',
      'f:15:15 rateLimiting.tools[3].name: no tool has the name "somewhere_else", so nothing is limited (give the name clients see)',
    ])
  })

  it('says nothing before the tools are known', () => {
    assert.deepEqual(problems(false), [])
  })
})
