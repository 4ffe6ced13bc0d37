import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { connectHttp, ERAS } from '../support/clients.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { SAY_TOOL } from '../support/lab-tools.ts'
import { startLab, type Lab } from '../support/lab.ts'

const status = '{{if .params.fail}}x{{else}}7{{end}}'
const COMPOSITE = {
  name: 'strict',
  description: 'Has an output that must be there, of names that failures use too',
  parameters: { type: 'object', properties: { fail: { type: 'boolean' } } },
  steps: [
    { id: 'good', tool: 'say', arguments: { n: 1 } },
    { id: 'bad', tool: 'fail', dependsOn: ['good'], condition: '{{.params.fail}}' },
  ],
  output: {
    properties: {
      status: { type: 'integer', description: 'A number', value: status },
      steps: { type: 'array', description: 'A list', value: '[1]' },
    },
    required: ['status', 'steps'],
  },
}

interface Caller extends AsyncDisposable {
  list(): Promise<unknown>
  call(fail: boolean): Promise<object>
}

describe('official clients, which hold results to what was listed', () => {
  let lab: Lab
  let gateway: Gateway
  before(async () => {
    lab = await startLab()
    lab.tools.push(SAY_TOOL)
    gateway = await startGateway(gatewayConfig({ lab: lab.entry }, { compositeTools: [COMPOSITE] }))
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await lab?.[Symbol.asyncDispose]()
  })

  const callers: Record<string, () => Promise<Caller>> = {
    'SDK 1': async () => {
      const client = new OldClient({ name: 'test', version: '1' })
      await client.connect(new OldTransport(new URL(gateway.url)))
      return {
        list: () => client.listTools(),
        call: (fail) => client.callTool({ name: 'strict', arguments: { fail } }),
        [Symbol.asyncDispose]: () => client.close(),
      }
    },
  }
  for (const era of ERAS) {
    callers[`SDK 2, ${era}`] = async () => {
      const peer = await connectHttp(gateway.url, { era })
      return {
        list: () => peer.client.listTools(),
        call: (fail) => peer.client.callTool({ name: 'strict', arguments: { fail } }),
        [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
      }
    }
  }

  for (const [name, connect] of Object.entries(callers)) {
    it(`get the output, or what failed and what was done (${name})`, async () => {
      await using caller = await connect()
      await caller.list()
      const done = (await caller.call(false)) as { structuredContent?: object }
      assert.deepEqual(done.structuredContent, { status: 7, steps: [1] })
      const failed = (await caller.call(true)) as {
        isError?: boolean
        content: { text?: string }[]
        structuredContent?: Record<string, unknown>
      }
      assert.equal(failed.isError, true)
      assert.match(failed.content[0]?.text ?? '', /^Workflow execution failed: step "bad" failed/)
      assert.deepEqual(failed.structuredContent?.['completed'], ['good'])
      assert.equal(failed.structuredContent['failedStep'], 'bad')
    })
  }
})
