import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startFixture, type FixtureBackend } from '../support/fixture.ts'
import { startNearFleet, type NearFleet } from '../support/fleet.ts'
import { gatewayConfig, startGateway } from '../support/gateway.ts'
import { startLab } from '../support/lab.ts'
import { openSession, sendModern } from '../support/raw-mcp.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'

const CLIENT = '192.0.2.7'
/** As a proxy hands it on when the client itself has sent the header. */
const headers = { 'x-forwarded-for': `203.0.113.9, ${CLIENT}` }

describe('the address of a client behind a proxy', () => {
  let folder: TempDir
  before(async () => void (folder = await createTempDir()))
  after(() => folder?.[Symbol.asyncDispose]())

  /** Where the events of this type came from. */
  const sourcesOf = async (file: string, type: string): Promise<string[]> =>
    (await readFile(file, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { type: string; source: { value: string } })
      .filter((line) => line.type === type)
      .map(({ source }) => source.value)

  for (const [title, server, expected] of [
    ['is in the audit log if the proxy is trusted', { trustedProxies: ['127.0.0.0/8'] }, CLIENT],
    ['is what anybody may claim otherwise', { trustedProxies: ['10.0.0.0/8'] }, '127.0.0.1'],
    ['is not looked for by itself', {}, '127.0.0.1'],
  ] as const) {
    it(title, async () => {
      await using lab = await startLab()
      const file = join(folder.path, `${title}.log`)
      const rest = { audit: { logFile: file }, server }
      await using gateway = await startGateway(gatewayConfig({ lab: lab.entry }, rest))
      await sendModern(gateway.url, 'tools/call', { name: 'count' }, { headers })
      await openSession(gateway.url, { headers })
      for (const type of ['mcp_tool_call', 'mcp_initialize']) {
        const [source] = await until(type, async () => {
          const found = await sourcesOf(file, type)
          return found.length > 0 ? found : undefined
        })
        assert.equal(source, expected, type)
      }
    })
  }

  describe('of a fleet', () => {
    let fixture: FixtureBackend
    let fleet: NearFleet
    let file = ''
    before(async () => {
      file = join(folder.path, 'fleet.log')
      fixture = await startFixture('http-modern', { extras: true })
      fleet = await startNearFleet({
        count: 2,
        backends: { fixture: fixture.entry },
        rest: { audit: { logFile: file }, server: { trustedProxies: ['127.0.0.1'] } },
      })
    })
    after(async () => {
      await fleet?.[Symbol.asyncDispose]()
      await fixture?.[Symbol.asyncDispose]()
    })

    it('is the same when another replica hands the request on', async () => {
      const [one = '', other = ''] = fleet.urls
      const call = { name: 'test_input_required_result_elicitation', arguments: {} }
      const capabilities = { elicitation: { form: {} } }
      const asked = await sendModern(one, 'tools/call', call, { capabilities, headers })
      const { inputRequests, requestState } = asked.response.result as {
        inputRequests: Record<string, unknown>
        requestState: string
      }
      const [name = ''] = Object.keys(inputRequests)
      const answer = { action: 'accept', content: { name: 'Ada' } }
      const answered = await sendModern(
        other,
        'tools/call',
        { ...call, inputResponses: { [name]: answer }, requestState },
        { capabilities, headers },
      )
      assert.ok(answered.response.result?.['content'], JSON.stringify(answered.response))
      const sources = await until('both lines', async () => {
        const found = await sourcesOf(file, 'mcp_tool_call')
        return found.length >= 2 ? found : undefined
      })
      assert.deepEqual(new Set(sources), new Set([CLIENT]))
    })
  })
})
