import { after, before } from 'node:test'
import { startFixture, type FixtureBackend, type FixtureVariant } from './fixture.ts'
import { gatewayConfig, startGateway, type Gateway } from './gateway.ts'

/** A gateway with the fixture (extra tools included) as its only backend, for the tests of one `describe`. */
export function behindGateway(variant: FixtureVariant): () => Gateway {
  let fixture: FixtureBackend | undefined
  let gateway: Gateway | undefined
  before(async () => {
    fixture = await startFixture(variant, { extras: true })
    gateway = await startGateway(gatewayConfig({ fixture: fixture.entry }))
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

/** The text of a tool's result. */
export function textOf(result: { content?: unknown }): string {
  const content = Array.isArray(result.content) ? (result.content as { text?: string }[]) : []
  return content.map(({ text }) => text ?? '').join('\n')
}
