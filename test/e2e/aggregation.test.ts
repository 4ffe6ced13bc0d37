import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { run } from '../../scripts/support/program.ts'
import { startChild } from '../support/child.ts'
import { connectHttp, ERAS } from '../support/clients.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { callModern, toolNames } from '../support/lab-client.ts'
import { LAB_TOOLS, tool } from '../support/lab-tools.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openSession, sendModern } from '../support/raw-mcp.ts'
import { createTempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const aggregation = (conflictResolution: string, conflictResolutionConfig: object, rest = {}) => ({
  aggregation: { conflictResolution, conflictResolutionConfig, ...rest },
})
const PREFIX = { prefixFormat: '{workload}_' }

let one: Lab
let two: Lab
before(async () => {
  one = await startLab({
    instructions: 'One counts.',
    capabilities: { prompts: {}, completions: {}, resources: {} },
    methods: {
      'prompts/list': () => ({ prompts: [{ name: 'ask', arguments: [{ name: 'what' }] }] }),
      'prompts/get': ({ name }) => ({
        messages: [{ role: 'user', content: { type: 'text', text: `${String(name)} of one` } }],
      }),
      'resources/list': () => ({ resources: [{ uri: 'lab://both', name: 'both of one' }] }),
      'resources/templates/list': () => ({
        resourceTemplates: [{ uriTemplate: 'lab://one/{id}', name: 't' }],
      }),
      'resources/read': ({ uri }) => ({ contents: [{ uri, text: 'from one' }] }),
      'completion/complete': ({ ref }) => ({
        completion: { values: [`one ${(ref as { name?: string; uri?: string }).name ?? 'uri'}`] },
      }),
    },
  })
  two = await startLab({
    instructions: 'Two counts too.',
    capabilities: { prompts: {}, completions: {}, resources: {} },
    methods: {
      'prompts/list': () => ({ prompts: [{ name: 'ask' }, { name: 'tell' }] }),
      'prompts/get': ({ name }) => ({
        messages: [{ role: 'user', content: { type: 'text', text: `${String(name)} of two` } }],
      }),
      'resources/list': () => ({ resources: [{ uri: 'lab://both', name: 'both of two' }] }),
      'resources/templates/list': () => ({
        resourceTemplates: [{ uriTemplate: 'lab://two/{id}', name: 't' }],
      }),
      'resources/read': ({ uri }) => ({ contents: [{ uri, text: 'from two' }] }),
      'completion/complete': ({ ref }) => ({
        completion: { values: [`two ${(ref as { name?: string; uri?: string }).name ?? 'uri'}`] },
      }),
    },
  })
  one.tools = [...LAB_TOOLS, tool('alone', 'Only here', { readOnlyHint: true, title: 'Alone' })]
})
after(async () => {
  await one?.[Symbol.asyncDispose]()
  await two?.[Symbol.asyncDispose]()
})

const startBoth = async (rest: Record<string, unknown>, count: number): Promise<Gateway> => {
  const gateway = await startGateway(gatewayConfig({ one: one.entry, two: two.entry }, rest))
  await until(`${count} tools`, async () =>
    (await toolNames(gateway.url)).length === count ? true : undefined,
  )
  return gateway
}
const definitionOf = async (url: string, name: string) => {
  const { response } = await sendModern(url, 'tools/list')
  const tools = (response.result?.['tools'] ?? []) as Record<string, unknown>[]
  return tools.find((each) => each['name'] === name) ?? {}
}

describe('prefix', () => {
  let gateway: Gateway
  before(async () => {
    gateway = await startBoth(
      aggregation('prefix', PREFIX, {
        tools: [
          {
            workload: 'one',
            // `count` before its override, `peek` after it.
            filter: ['count', 'peek', 'alone', 'set'],
            overrides: {
              count: { name: 'tally' },
              look: { name: 'peek', description: 'Peeks' },
              alone: { annotations: { readOnlyHint: false, destructiveHint: true } },
            },
          },
        ],
      }),
      10,
    )
  })
  after(() => gateway?.[Symbol.asyncDispose]())

  it('puts the name of the backend before every tool, sorted', async () => {
    const names = await toolNames(gateway.url)
    assert.deepEqual(names, names.toSorted())
    assert.deepEqual(
      names.filter((name) => name.startsWith('one_')),
      ['one_alone', 'one_peek', 'one_set', 'one_tally'],
    )
    assert.equal(names.filter((name) => name.startsWith('two_')).length, 6)
    assert.deepEqual(await toolNames(gateway.url), names, 'the same each time')
  })

  it('shows what a filter names, before or after the override, and says which it was', async () => {
    assert.equal(await callModern(gateway.url, 'one_peek'), 'done look')
    assert.match(await callModern(gateway.url, 'one_tally'), /^\d+$/)
    assert.match(await callModern(gateway.url, 'one_write'), /Unknown tool: one_write/)
    const body = (await (await fetch(`${gateway.origin}/status`)).json()) as {
      catalogue: { notes: string[] }
    }
    const notes = body.catalogue.notes.join('\n')
    assert.match(
      notes,
      /Filter entry "count" of backend "one" matched the name before the override/,
    )
    assert.doesNotMatch(notes, /Filter entry "peek"/)
  })

  it('replaces annotations alone', async () => {
    const alone = await definitionOf(gateway.url, 'one_alone')
    assert.deepEqual(alone['annotations'], {
      readOnlyHint: false,
      title: 'Alone',
      destructiveHint: true,
    })
    assert.equal(alone['description'], 'Only here')
    assert.equal((await definitionOf(gateway.url, 'one_peek'))['description'], 'Peeks')
  })

  for (const era of ERAS) {
    it(`merges instructions under the names of the backends for a ${era} client`, async () => {
      await using peer = await connectHttp(gateway.url, { era })
      const instructions = peer.client.getInstructions() ?? ''
      assert.match(instructions, /one.*One counts\..*two.*Two counts too\./s)
    })

    it(`routes prompts, resources, templates and completions for a ${era} client`, async () => {
      await using peer = await connectHttp(gateway.url, { era })
      const { client } = peer
      const { prompts } = await client.listPrompts()
      assert.deepEqual(
        prompts.map(({ name }) => name),
        ['one_ask', 'two_ask', 'two_tell'],
      )
      const { messages } = await client.getPrompt({ name: 'two_ask' })
      assert.match(JSON.stringify(messages), /ask of two/)
      const { resources } = await client.listResources()
      assert.deepEqual(
        resources.map(({ uri, name }) => [uri, name]),
        [['lab://both', 'both of one']],
      )
      const { resourceTemplates } = await client.listResourceTemplates()
      assert.equal(resourceTemplates.length, 2)
      for (const [uri, from] of [
        ['lab://both', 'from one'],
        ['lab://two/7', 'from two'],
      ] as const) {
        assert.match(JSON.stringify(await client.readResource({ uri })), new RegExp(from))
      }
      for (const [ref, value] of [
        [{ type: 'ref/prompt', name: 'two_ask' }, 'two ask'],
        [{ type: 'ref/prompt', name: 'one_ask' }, 'one ask'],
        [{ type: 'ref/resource', uri: 'lab://two/{id}' }, 'two uri'],
      ] as const) {
        const argument = { name: 'id', value: '' }
        const { completion } = await client.complete({ ref, argument })
        assert.deepEqual(completion.values, [value])
      }
    })
  }
})

describe('priority', () => {
  it('gives a shared name to the first in the order, and leaves other names bare', async () => {
    await using gateway = await startBoth(
      aggregation('priority', { priorityOrder: ['two', 'one'] }),
      7,
    )
    const before = two.executed.length
    await callModern(gateway.url, 'write')
    assert.equal(two.executed.length, before + 1)
    assert.equal(await callModern(gateway.url, 'alone'), 'done alone')
    assert.match(gateway.child.output(), /priority/i)
  })
})

describe('manual', () => {
  const hideTwo = { workload: 'two', filter: ['count'], overrides: { count: { name: 'count2' } } }
  const others = LAB_TOOLS.map(({ name }) => name).filter((name) => name !== 'count')

  it('serves what was renamed apart', async () => {
    const overrides = Object.fromEntries(others.map((name) => [name, { name: `${name}2` }]))
    await using gateway = await startBoth(
      aggregation(
        'manual',
        {},
        {
          tools: [{ ...hideTwo, overrides: { ...hideTwo.overrides, ...overrides } }],
        },
      ),
      8,
    )
    assert.match(await callModern(gateway.url, 'count2'), /^\d+$/)
    assert.equal(await callModern(gateway.url, 'write'), 'done write')
  })

  it('does not start with an open conflict, and names tools and backends', async () => {
    const refused = await serveFails(
      gatewayConfig(
        { one: one.entry, two: two.entry },
        aggregation(
          'manual',
          {},
          {
            tools: [{ workload: 'two', overrides: { count: { name: 'count2' } } }],
          },
        ),
      ),
    )
    assert.match(refused, /vmcp\.yaml:\d+:\d+/)
    assert.match(refused, /"write".*one.*two/s)
  })
})

describe('visibility', () => {
  it('hides by excludeAll, by excludeAllTools and by deny', async () => {
    await using gateway = await startBoth(
      aggregation('prefix', PREFIX, { tools: [{ workload: 'one', excludeAll: true }] }),
      6,
    )
    assert.match(await callModern(gateway.url, 'one_count'), /Unknown tool/)
    const { response } = await sendModern(gateway.url, 'prompts/list')
    assert.equal((response.result?.['prompts'] as unknown[]).length, 3, 'prompts stay')
    await writeFile(
      gateway.configPath,
      gatewayConfig(
        { one: one.entry, two: two.entry },
        aggregation('prefix', PREFIX, {
          defaultToolVisibility: 'deny',
          tools: [{ workload: 'one' }],
        }),
      ),
    )
    await until('deny', async () => {
      const names = await toolNames(gateway.url)
      return names.length === 7 && names.every((name) => name.startsWith('one_')) ? true : undefined
    })
    await writeFile(
      gateway.configPath,
      gatewayConfig(
        { one: one.entry, two: two.entry },
        aggregation('prefix', PREFIX, { excludeAllTools: true }),
      ),
    )
    await until('nothing', async () =>
      (await toolNames(gateway.url)).length === 0 ? true : undefined,
    )
  })
})

describe('names that lead nowhere', () => {
  it('keep the gateway from starting, all at once, with their positions', async () => {
    const stderr = await serveFails(
      gatewayConfig(
        { one: one.entry, two: two.entry },
        aggregation('prefix', PREFIX, {
          tools: [{ workload: 'one', filter: ['cuont'], overrides: { loook: { name: 'x' } } }],
        }),
      ),
    )
    for (const words of [
      /vmcp\.yaml:\d+:\d+ aggregation\.tools\[0\]\.filter\[0\]: .*"cuont".*did you mean "count"/,
      /vmcp\.yaml:\d+:\d+ aggregation\.tools\[0\]\.overrides\.loook: .*did you mean "look"/,
    ])
      assert.match(stderr, words)
  })

  it('of backends are found without asking any', async () => {
    const tools = [{ workload: 'three', excludeAll: true }]
    const stderr = await serveFails(
      gatewayConfig({ one: one.entry }, aggregation('prefix', PREFIX, { tools })),
    )
    assert.match(stderr, /vmcp\.yaml:\d+:\d+ aggregation\.tools\[0\]\.workload: .*"three"/)
  })

  it('are found by validate --live, and not by validate alone', async () => {
    await using folder = await createTempDir()
    const file = join(folder.path, 'vmcp.yaml')
    await writeFile(
      file,
      gatewayConfig(
        { one: one.entry },
        aggregation('prefix', PREFIX, { tools: [{ workload: 'one', filter: ['cuont'] }] }),
      ),
    )
    const still = await run(process.execPath, [CLI, 'vmcp', 'validate', '-c', file])
    assert.equal(still.code, 0, still.stderr)
    const live = await run(process.execPath, [CLI, 'vmcp', 'validate', '-c', file, '--live'])
    assert.equal(live.code, 1)
    assert.match(live.stdout + live.stderr, /did you mean "count"/)
  })

  it('that two tools of one backend get show at the override, alone and with --live', async () => {
    await using folder = await createTempDir()
    const file = join(folder.path, 'vmcp.yaml')
    const [first = '', second = ''] = one.tools.map(({ name }) => name).toSorted()
    const overrides = { [first]: { name: 'same' }, [second]: { name: 'same' } }
    const tools = [{ workload: 'one', overrides }]
    const place = /vmcp\.yaml:\d+:\d+ aggregation\.tools\[0\]\.overrides\.\w+\.name: /g
    for (const [strategy, code] of [
      ['prefix', 0],
      ['manual', 1],
    ] as const) {
      const settings = strategy === 'prefix' ? PREFIX : {}
      await writeFile(
        file,
        gatewayConfig({ one: one.entry }, aggregation(strategy, settings, { tools })),
      )
      const still = await run(process.execPath, [CLI, 'vmcp', 'validate', '-c', file])
      assert.equal(still.code, 0, still.stderr)
      assert.match(still.stdout, /warning: .*overrides\.\w+\.name: "same" is also the name of/)
      const live = await run(process.execPath, [CLI, 'vmcp', 'validate', '-c', file, '--live'])
      assert.equal(live.code, code, live.stderr)
      const told = live.stdout + live.stderr
      assert.equal(told.match(place)?.length, 1, told)
      assert.match(told, /overrides\.\w+\.name: Override renames tool/)
    }
  })

  it('of a backend that comes later are an error in the log then', async () => {
    const { url } = one
    await using late = await startLab()
    late.delayMs = 8000
    await using gateway = await startGateway(
      gatewayConfig(
        { one: { transport: 'streamable-http', url }, late: late.entry },
        aggregation('prefix', PREFIX, { tools: [{ workload: 'late', filter: ['cuont'] }] }),
      ),
    )
    await gateway.child.waitFor(/Listening/, 5000)
    await sleep(5500)
    late.delayMs = 0
    await gateway.child.waitFor(/names what no backend offers.*cuont|cuont.*names what/s, 20_000)
    assert.equal((await fetch(`${gateway.origin}/health`)).status, 200)
  })
})

describe('many tools', () => {
  it('come in pages with signed cursors, every one once, in both eras', async () => {
    await using big = await startLab()
    await using small = await startLab()
    big.tools = Array.from({ length: 2300 }, (_, n) => tool(`t${String(n).padStart(4, '0')}`))
    await using gateway = await startGateway(
      gatewayConfig({ big: big.entry, small: small.entry }, aggregation('prefix', PREFIX)),
    )
    await until('the last', async () =>
      (await callModern(gateway.url, 'small_count')) === '1' &&
      (await callModern(gateway.url, 'big_t2299')) !== ''
        ? true
        : undefined,
    )
    const session = await openSession(gateway.url)
    const ways = {
      modern: (params: Record<string, unknown>) => sendModern(gateway.url, 'tools/list', params),
      legacy: (params: Record<string, unknown>) => session.send('tools/list', params),
    }
    for (const [era, ask] of Object.entries(ways)) {
      const names: string[] = []
      let cursor: string | undefined
      let pages = 0
      do {
        const { response } = await ask(cursor === undefined ? {} : { cursor })
        names.push(...(response.result?.['tools'] as { name: string }[]).map(({ name }) => name))
        cursor = response.result?.['nextCursor'] as string | undefined
        pages++
      } while (cursor !== undefined && pages < 100)
      assert.equal(names.length, 2306, era)
      assert.deepEqual(names, names.toSorted(), era)
      assert.equal(new Set(names).size, names.length, era)
      assert.ok(pages > 1 && pages < 10, `${pages} pages`)
      const { response } = await ask({
        cursor: Buffer.from('{"l":"big_t0001"}').toString('base64'),
      })
      assert.equal(response.error?.code, -32602, era)
    }
  })
})

/** Runs `serve` with this configuration, which has to fail, and returns what it said on stderr. */
async function serveFails(yaml: string): Promise<string> {
  await using folder = await createTempDir()
  const file = join(folder.path, 'vmcp.yaml')
  await writeFile(file, yaml)
  await using child = startChild(process.execPath, [
    CLI,
    'vmcp',
    'serve',
    '-c',
    file,
    '--port',
    '0',
  ])
  const code = await until('its end', () => child.process.exitCode ?? undefined, 12_000).catch(
    (error: unknown) => assert.fail(`${String(error)}\n${child.output()}`),
  )
  assert.equal(code, 1, child.output())
  return child.output()
}
