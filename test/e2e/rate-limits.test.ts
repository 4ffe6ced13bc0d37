import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connectHttp } from '../support/clients.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { callIn, callModern, logLines } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openSession, sendModern } from '../support/raw-mcp.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'

/** Nothing refills while a test runs: a token takes minutes. */
const PERIOD = '1h'
const ALL =
  /^Rate limit exceeded: all clients together may make 10 calls per 1h0m0s; try again in \d+ s$/
const LOOK =
  /^Rate limit exceeded: all clients together may call "look" 2 times per 1h0m0s; try again/

describe('rate limits', () => {
  let lab: Lab
  let folder: TempDir
  before(async () => {
    lab = await startLab()
    folder = await createTempDir()
  })
  after(async () => {
    await lab?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  const limits = (maxTokens: number, rest: object = {}) => ({
    rateLimiting: { shared: { maxTokens, refillPeriod: PERIOD }, ...rest },
    telemetry: { enablePrometheusMetricsPath: true },
    audit: { logFile: join(folder.path, 'audit.log') },
  })
  const lookTwice = {
    tools: [{ name: 'look', shared: { maxTokens: 2, refillPeriod: { duration: PERIOD } } }],
  }
  const open = (rest: Record<string, unknown>): Promise<Gateway> =>
    startGateway(gatewayConfig({ lab: lab.entry }, rest))

  it('hold for clients of both eras together, and tell each in its way when to try again', async () => {
    await using gateway = await open(limits(10, lookTwice))
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'look'), 'done look')
    assert.equal(await callModern(gateway.url, 'look'), 'done look')

    const old = await session.send('tools/call', { name: 'look', arguments: {} })
    assert.equal(old.status, 200)
    const { content, structuredContent, isError } = old.response.result ?? {}
    const { code, message, data } = structuredContent as Record<string, unknown>
    assert.deepEqual([isError, code], [true, 429])
    assert.match(String(message), LOOK)
    assert.deepEqual(content, [{ type: 'text', text: message }])
    const { retryAfterSeconds } = data as { retryAfterSeconds: number }
    assert.ok(retryAfterSeconds > 1_700 && retryAfterSeconds <= 1_800)
    assert.equal(old.headers.get('retry-after'), String(retryAfterSeconds))

    const now = await sendModern(gateway.url, 'tools/call', { name: 'look', arguments: {} })
    assert.equal(now.status, 429)
    assert.equal(now.response.error?.code, 429)
    assert.match(String(now.response.error?.message), LOOK)
    const seconds = (now.response.error?.data as typeof data & { retryAfterSeconds: number })
      .retryAfterSeconds
    assert.equal(now.headers.get('retry-after'), String(seconds))

    const served = lab.executed.length
    for (let i = 0; i < 8; i++) assert.equal(await callIn(session, 'set'), 'done set')
    assert.match(await callIn(session, 'set'), ALL)
    assert.match(await callModern(gateway.url, 'count'), /^error 429: Rate limit exceeded/)
    assert.equal(lab.executed.length, served + 8, 'no refused call reached the backend')
    assert.ok((await session.send('tools/list')).response.result, 'only calls of tools count')
    assert.ok((await sendModern(gateway.url, 'tools/list')).response.result)
  })

  it('are understood by clients of the official SDK', async () => {
    await using gateway = await open(limits(2))
    await using old = await connectHttp(gateway.url, { era: 'legacy' })
    await using now = await connectHttp(gateway.url, { era: 'modern' })
    await old.client.callTool({ name: 'look', arguments: {} })
    await now.client.callTool({ name: 'look', arguments: {} })
    const refused = await old.client.callTool({ name: 'look', arguments: {} })
    assert.equal(refused.isError, true)
    assert.match(JSON.stringify(refused), /Rate limit exceeded.*"retryAfterSeconds":\d+/)
    await assert.rejects(
      now.client.callTool({ name: 'look', arguments: {} }),
      /Rate limit exceeded/,
    )
  })

  it('show in the metrics and in the audit log', async () => {
    await using gateway = await open(limits(10, lookTwice))
    for (let i = 0; i < 3; i++) await callModern(gateway.url, 'look')
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text()
    const place = 'namespace="local",server="under-test"'
    for (const line of [
      `{${place},decision="allowed",scope="shared",operation_type="server"} 2`,
      `{${place},decision="allowed",scope="shared",operation_type="tool"} 2`,
      `{${place},decision="rejected",scope="shared",operation_type="tool"} 1`,
    ])
      assert.ok(metrics.includes(`toolhive_rate_limit_decisions_total${line}`), metrics)
    const denied = await until('the line', async () => {
      const text = await readFile(join(folder.path, 'audit.log'), 'utf8')
      return text.split('\n').find((line) => line.includes('"outcome":"denied"'))
    })
    assert.equal(JSON.parse(denied).target.name, 'look')
  })

  it('change with the file at once, and what was used stays used', async () => {
    await using gateway = await open(limits(10))
    const session = await openSession(gateway.url)
    const reloads = () =>
      logLines(gateway).filter(({ msg }) => String(msg).startsWith('configuration reloaded')).length
    const edit = async (rest: Record<string, unknown>): Promise<void> => {
      const count = reloads()
      await writeFile(gateway.configPath, gatewayConfig({ lab: lab.entry }, rest))
      await until('the reload', () => (reloads() > count ? true : undefined), 8_000)
    }
    const allowed = async (): Promise<number> => {
      for (let count = 0; ; count++)
        if ((await callIn(session, 'look')).startsWith('Rate')) return count
    }
    for (let i = 0; i < 7; i++) await callIn(session, 'look')
    await edit({ ...limits(10), metadata: { changed: 'yes' } })
    assert.equal(await allowed(), 3, 'a reload fills no bucket')
    await edit(limits(1_000_000))
    assert.ok((await callIn(session, 'look')).startsWith('done'), 'a larger one fills faster')
    await edit(limits(2))
    assert.equal(await allowed(), 2, 'a smaller one holds less')
    await edit({})
    assert.equal(await callIn(session, 'look'), 'done look')
  })
})
