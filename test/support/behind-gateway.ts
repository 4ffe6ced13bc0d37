import { after, before } from 'node:test'
import { startFixture, type FixtureBackend, type FixtureVariant } from './fixture.ts'
import { startFleet } from './fleet.ts'
import { gatewayConfig, startGateway, type Gateway } from './gateway.ts'

/** `THV_TEST_REPLICAS=3`: the same tests through a balancer in front of so many replicas, each request to the next one. */
const REPLICAS = Number(process.env['THV_TEST_REPLICAS'] ?? 1)

/** A gateway with the fixture (extra tools included) as its only backend, for the tests of one `describe`. */
export function behindGateway(variant: FixtureVariant): () => Gateway {
  let fixture: FixtureBackend | undefined
  let gateway: Gateway | undefined
  before(async () => {
    fixture = await startFixture(variant, { extras: true })
    const backends = { fixture: fixture.entry }
    gateway =
      REPLICAS > 1 ? await behindFleet(backends) : await startGateway(gatewayConfig(backends))
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await fixture?.[Symbol.asyncDispose]()
  })
  return () => {
    if (!gateway) throw new Error('The gateway did not start')
    return gateway
  }
}

async function behindFleet(backends: Record<string, Record<string, unknown>>): Promise<Gateway> {
  const fleet = await startFleet({ count: REPLICAS, backends })
  return {
    ...fleet.replicas[0]!,
    url: fleet.url,
    origin: new URL(fleet.url).origin,
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
  }
}

/** The text of a tool's result. */
export function textOf(result: { content?: unknown }): string {
  const content = Array.isArray(result.content) ? (result.content as { text?: string }[]) : []
  return content.map(({ text }) => text ?? '').join('\n')
}
