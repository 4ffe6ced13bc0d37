import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { textOf } from '../support/behind-gateway.ts'
import { connectHttp, ERAS, type Era } from '../support/clients.ts'
import { startFixture, type FixtureBackend } from '../support/fixture.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const ROGUE = fileURLToPath(new URL('../fixtures/servers/rogue.ts', import.meta.url))

/** A stdio backend that breaks every rule, beside one that keeps them. */
describe('a backend that misbehaves', () => {
  let fixture: FixtureBackend | undefined
  let gateway: Gateway | undefined
  before(async () => {
    fixture = await startFixture('http-dual')
    gateway = await startGateway(
      gatewayConfig({
        rogue: {
          transport: 'stdio',
          command: process.execPath,
          args: [ROGUE],
          timeouts: { tools: { never: { absolute: '1s' } } },
        },
        good: fixture.entry,
      }),
    )
    await until('both backends in the list', async () => {
      await using peer = await connectHttp(gateway?.url ?? '', { era: 'modern' })
      const names = (await peer.client.listTools()).tools.map(({ name }) => name)
      return names.includes('polite') && names.includes('test_simple_text') ? true : undefined
    })
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await fixture?.[Symbol.asyncDispose]()
  })

  /** The text of the answer, or `refused`: an error of the protocol or of the tool. */
  const call = async (era: Era, name: string): Promise<string> => {
    await using peer = await connectHttp(gateway?.url ?? '', { era })
    return await peer.client.callTool({ name, arguments: {} }).then(
      (result) => (result.isError ? 'refused' : textOf(result)),
      () => 'refused',
    )
  }

  const OUTCOMES = {
    junk: 'after junk',
    twice: 'first',
    strange_ids: 'after strange ids',
    wrong_types: 'after wrong types',
    wrong_result: 'refused',
    no_result: 'refused',
    flood: 'after the flood',
    half: 'in two pieces ✓',
    big: 'y'.repeat(2_000_000),
    never: 'refused',
    die: 'refused',
  }
  for (const era of ERAS) {
    for (const [name, outcome] of Object.entries(OUTCOMES)) {
      it(`by ${name} harms only that call of a ${era} client`, async () => {
        const innocent = call(era, 'test_simple_text')
        assert.equal(await call(era, name), outcome)
        assert.match(await innocent, /simple text/)
        assert.match(await call(era, 'test_simple_text'), /simple text/)
        await until(
          'the backend to answer again',
          async () => ((await call(era, 'polite')) === 'polite' ? true : undefined),
          15_000,
        )
      })
    }
  }

  it('leaves the gateway alive', () => {
    assert.equal(gateway?.child.process.exitCode, null)
  })
})

describe('a backend that is not there', () => {
  it('keeps no other from being listed and called', async () => {
    await using fixture = await startFixture('http-dual')
    await using gateway = await startGateway(
      gatewayConfig({
        missing: { transport: 'streamable-http', url: 'http://127.0.0.1:9/mcp' },
        broken: { transport: 'stdio', command: '/nonexistent/program' },
        good: fixture.entry,
      }),
    )
    await using peer = await connectHttp(gateway.url, { era: 'modern' })
    const result = await peer.client.callTool({ name: 'test_simple_text', arguments: {} })
    assert.match(textOf(result), /simple text/)
  })

  it('is found when it comes', async () => {
    const first = await startFixture('http-legacy')
    const { entry, url = '' } = first
    await first[Symbol.asyncDispose]()
    await using gateway = await startGateway(gatewayConfig({ late: entry }), {
      until: 'listening',
    })
    await using fixture = await startFixture('http-legacy', { port: Number(new URL(url).port) })
    assert.equal(fixture.url, url)
    await until(
      'its tools',
      async () => {
        await using peer = await connectHttp(gateway.url, { era: 'modern' })
        const { tools } = await peer.client.listTools()
        return tools.length > 0 ? tools : undefined
      },
      40_000,
    )
  })

  it('is an error at once for a call in flight when it goes', async () => {
    const fixture = await startFixture('http-dual', { extras: true })
    await using gateway = await startGateway(gatewayConfig({ going: fixture.entry }))
    await using peer = await connectHttp(gateway.url, { era: 'legacy' })
    const call = peer.client.callTool({ name: 'slow', arguments: { ms: 20_000, label: 'x' } }).then(
      (result) => result.isError === true,
      () => true,
    )
    await new Promise((resolve) => setTimeout(resolve, 500))
    const startedAt = performance.now()
    await fixture[Symbol.asyncDispose]()
    assert.equal(await call, true)
    assert.ok(performance.now() - startedAt < 8000, 'the client need not wait for a timeout')
  })
})
