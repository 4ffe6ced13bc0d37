import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { textOf } from '../support/behind-gateway.ts'
import { startChild, type Child } from '../support/child.ts'
import { connectHttp, ERAS } from '../support/clients.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { openSession, sendModern, type RawMessage } from '../support/raw-mcp.ts'
import { until } from '../support/until.ts'

const SERVER = fileURLToPath(new URL('../fixtures/servers/paginated.ts', import.meta.url))
const COUNTS = { alpha: 37, beta: 512 }
const TOTAL = COUNTS.alpha + COUNTS.beta
const LISTS = { 'tools/list': 'tools', 'prompts/list': 'prompts', 'resources/list': 'resources' }

/** One backend with pages over HTTP (2026-07-28), one over stdio (2025-11-25). */
describe('lists of two backends that answer in pages', () => {
  let alpha: Child | undefined
  let gateway: Gateway | undefined
  const url = () => gateway?.url ?? ''
  before(async () => {
    const flags = (name: keyof typeof COUNTS) => [
      SERVER,
      ...['--name', name, '--count', String(COUNTS[name]), '--page', '10'],
    ]
    alpha = startChild(process.execPath, flags('alpha'))
    const [, alphaUrl = ''] = await alpha.waitFor(/^(http:\S+)\n/, 10_000)
    gateway = await startGateway(
      gatewayConfig({
        alpha: { transport: 'streamable-http', url: alphaUrl },
        beta: {
          transport: 'stdio',
          command: process.execPath,
          args: [...flags('beta'), '--stdio'],
        },
      }),
    )
    await until('both backends in the list', async () => {
      const items = await collect(url(), 'tools/list', modernPage)
      return items.length === TOTAL ? items : undefined
    })
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await alpha?.[Symbol.asyncDispose]()
  })

  for (const [method, key] of Object.entries(LISTS)) {
    it(`${method} gives every item of both, once, in the same order each time`, async () => {
      const first = namesOf(await collect(url(), method, modernPage))
      assert.equal(new Set(first).size, TOTAL)
      assert.equal(first.length, TOTAL, `all ${key}`)
      assert.deepEqual(namesOf(await collect(url(), method, modernPage)), first)
      const session = await openSession(url())
      const legacy = await collect(url(), method, (_url, name, cursor) =>
        session.send(name, cursor === undefined ? {} : { cursor }).then(({ response }) => response),
      )
      assert.deepEqual(namesOf(legacy), first, 'both eras see the same')
    })
  }

  for (const era of ERAS) {
    it(`a ${era} SDK client walks all pages`, async () => {
      await using peer = await connectHttp(url(), { era })
      const { tools } = await peer.client.listTools()
      assert.equal(tools.length, TOTAL)
      const last = await peer.client.callTool({ name: 'beta-511', arguments: {} })
      assert.equal(textOf(last), 'beta-511 of beta')
    })
  }

  it('refuses a cursor it did not make', async () => {
    for (const cursor of ['nonsense', '10', 'eyJvZmZzZXQiOjEwfQ']) {
      const { response } = await sendModern(url(), 'tools/list', { cursor })
      assert.equal(response.error?.code, -32602, cursor)
    }
  })

  it('refuses its own cursor when a byte of it is changed', async () => {
    const { response } = await sendModern(url(), 'tools/list')
    const cursor = response.result?.['nextCursor']
    if (typeof cursor !== 'string') return assert.equal(cursor, undefined, 'one page holds all')
    const changed = `${cursor.slice(0, -2)}${cursor.endsWith('A') ? 'B' : 'A'}${cursor.slice(-1)}`
    const refused = await sendModern(url(), 'tools/list', { cursor: changed })
    assert.equal(refused.response.error?.code, -32602)
  })
})

type Page = (url: string, method: string, cursor: string | undefined) => Promise<RawMessage>

const modernPage: Page = async (url, method, cursor) =>
  (await sendModern(url, method, cursor === undefined ? {} : { cursor })).response

async function collect(url: string, method: string, page: Page): Promise<{ name: string }[]> {
  const key = LISTS[method as keyof typeof LISTS]
  const items: { name: string }[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < 100; pages++) {
    const { result, error } = await page(url, method, cursor)
    if (!result) throw new Error(`${method}: ${JSON.stringify(error)}`)
    items.push(...(result[key] as { name: string }[]))
    const { nextCursor } = result
    if (nextCursor === undefined) return items
    assert.equal(typeof nextCursor, 'string')
    cursor = nextCursor as string
  }
  throw new Error(`${method} does not end`)
}

function namesOf(items: readonly { name: string }[]): string[] {
  return items.map(({ name }) => name)
}
