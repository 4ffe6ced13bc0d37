import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { textOf } from '../support/behind-gateway.ts'
import { startChild } from '../support/child.ts'
import { connectStdio, ERAS, type TestClientOptions } from '../support/clients.ts'
import { FIXTURE_VARIANTS, startFixture, type FixtureBackend } from '../support/fixture.ts'
import { gatewayConfig } from '../support/gateway.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

for (const variant of FIXTURE_VARIANTS) {
  describe(`a client on stdio in front of a ${variant} backend`, () => {
    let fixture: FixtureBackend | undefined
    let home: TempDir | undefined
    let args: string[] = []
    before(async () => {
      fixture = await startFixture(variant, { extras: true })
      home = await createTempDir()
      const config = join(home.path, 'vmcp.yaml')
      await writeFile(config, gatewayConfig({ fixture: fixture.entry }))
      args = [CLI, 'vmcp', 'serve', '--config', config, '--stdio']
    })
    after(async () => {
      await fixture?.[Symbol.asyncDispose]()
      await home?.[Symbol.asyncDispose]()
    })

    for (const era of ERAS) {
      const open = async (options: Partial<TestClientOptions> = {}) => {
        const peer = await connectStdio(
          process.execPath,
          args,
          { era, ...options },
          {
            HOME: home?.path ?? '',
          },
        )
        // Many clients ask once, right after they started us.
        const { tools } = await peer.client.listTools()
        if (tools.length > 0) return peer
        await peer[Symbol.asyncDispose]()
        return assert.fail('no tools in the first list')
      }

      it(`speaks the ${era} era: calls, questions, progress`, async () => {
        await using peer = await open()
        const plain = await peer.client.callTool({ name: 'test_simple_text', arguments: {} })
        assert.equal(textOf(plain), 'This is a simple text response for testing.')
        const asked = await peer.client.callTool({
          name: 'test_input_required_result_multi_round',
          arguments: {},
        })
        assert.equal(textOf(asked), 'Ada likes green')
        const progress: number[] = []
        await peer.client.callTool(
          { name: 'test_tool_with_progress', arguments: {} },
          { onprogress: (update) => void progress.push(update.progress) },
        )
        // The SDK client drops progress that it reads in one piece with the result.
        assert.deepEqual(progress.slice(0, 2), [0, 50])
      })

      it(`tells a ${era} client of an updated resource`, async () => {
        const seen: string[] = []
        await using peer = await open({
          prepare: (client) =>
            client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
              seen.push(params.uri)
            }),
        })
        const uri = 'test://watched-resource'
        if (era === 'modern') await peer.client.listen({ resourceSubscriptions: [uri] })
        else await peer.client.subscribeResource({ uri })
        await peer.client.callTool({ name: 'touch', arguments: { uri } })
        await until('the update', () => seen[0])
      })
    }

    it('ends when its input ends, without a word on stdout that is no message', async () => {
      const child = startChild(process.execPath, args, {
        stdio: ['pipe', 'pipe', 'ignore'],
        env: { ...process.env, HOME: home?.path },
      })
      child.process.stdin?.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\nnot json\n')
      await child.waitFor(/"id":1[,}]/, 10_000)
      child.process.stdin?.end()
      await until('the end', () => child.process.exitCode ?? undefined, 10_000)
      assert.equal(child.process.exitCode, 0)
      for (const line of child.output().split('\n').filter(Boolean)) JSON.parse(line)
    })
  })
}
