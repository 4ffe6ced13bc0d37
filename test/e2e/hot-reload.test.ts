import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectHttp } from '../support/clients.ts'
import { gatewayConfig, startGateway, type Gateway } from '../support/gateway.ts'
import { callIn, logLines, said, stdioLab, toolNames } from '../support/lab-client.ts'
import { tool } from '../support/lab-tools.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { findMessage, openModern, openSession, sendModern } from '../support/raw-mcp.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'

type Rest = Record<string, unknown>

describe('an edit of the file', () => {
  let one: Lab
  let two: Lab
  let folder: TempDir
  let gateway: Gateway
  const prefixed = (tools: object[] = []) => ({
    aggregation: {
      conflictResolution: 'prefix',
      conflictResolutionConfig: { prefixFormat: '{workload}_' },
      tools,
    },
  })
  const both = () => ({ one: one.entry, two: two.entry, local: stdioLab() })
  before(async () => {
    one = await startLab()
    two = await startLab()
    folder = await createTempDir()
    gateway = await startGateway(gatewayConfig(both(), prefixed()))
    await until('all tools', async () => ((await namesOf('')).length >= 24 ? true : undefined))
  })
  after(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await one?.[Symbol.asyncDispose]()
    await two?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  const linesWith = (pattern: RegExp) =>
    logLines(gateway).filter(({ msg }) => pattern.test(String(msg)))
  const namesOf = async (prefix: string) =>
    (await toolNames(gateway.url)).filter((name) => name.startsWith(prefix))
  /** Writes the file and waits until it was put into effect or refused. */
  async function edit(yaml: string, verdict = /^configuration reloaded/): Promise<void> {
    const before = linesWith(verdict).length
    await writeFile(gateway.configPath, yaml)
    await until(
      `${verdict}\n${gateway.child.output().slice(-2000)}`,
      () => (linesWith(verdict).length > before ? true : undefined),
      8000,
    )
  }
  const editTo = (backends: Record<string, Rest>, rest: Rest = prefixed()) =>
    edit(gatewayConfig(backends, rest))

  it('that takes a backend away and another in drops no session, no state and no call in flight', async () => {
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'one_count'), '1')
    assert.equal(await callIn(session, 'local_count'), '1')
    const stream = await session.get()
    const changed = findMessage(
      stream,
      ({ method }) => method === 'notifications/tools/list_changed',
    )
    const onKept = callIn(session, 'one_wait', { ms: 1500 })
    const onGone = callIn(session, 'two_wait', { ms: 1500 })
    const modernOnGone = sendModern(gateway.url, 'tools/call', {
      name: 'two_wait',
      arguments: { ms: 1500 },
    })
    await sleep(200)
    await using three = await startLab()
    await editTo({ one: one.entry, local: stdioLab(), three: three.entry })

    await until('the new tools', async () =>
      (await namesOf('three_')).length > 0 ? true : undefined,
    )
    assert.deepEqual(await namesOf('two_'), [])
    assert.match(await callIn(session, 'two_count'), /Unknown tool/)
    await changed
    assert.equal(await callIn(session, 'three_count'), '1')
    assert.equal(await callIn(session, 'one_count'), '2', 'the backend that stayed kept its state')
    assert.equal(await callIn(session, 'local_count'), '2', 'the process that stayed as well')
    assert.equal(await onKept, 'done wait')
    assert.equal(await onGone, 'done wait', 'a call on the backend that was taken away')
    assert.equal(said(await modernOnGone), 'done wait')
    await until('the end of its sessions there', () =>
      two.sessions().length === 0 ? true : undefined,
    )
    await editTo(both())
    await until('the old tools', async () =>
      (await namesOf('two_')).length > 0 && (await namesOf('three_')).length === 0
        ? true
        : undefined,
    )
    assert.equal(await callIn(session, 'one_count'), '3')
  })

  it('that gives a backend another address keeps its tools listed and lets its calls finish', async () => {
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'two_count'), '1')
    const call = callIn(session, 'two_wait', { ms: 1200 })
    await sleep(100)
    await using moved = await startLab()
    await editTo({ ...both(), two: moved.entry })
    assert.ok((await namesOf('two_')).includes('two_count'))
    assert.equal(await callIn(session, 'two_count'), '1', 'it begins anew there')
    assert.deepEqual(moved.executed, ['count'])
    assert.equal(await call, 'done wait')
    await editTo(both())
  })

  it('that moves a backend takes subscriptions of its resources along', async () => {
    const uri = 'lab://watched'
    const options = {
      capabilities: { resources: { subscribe: true } },
      methods: {
        'resources/list': () => ({ resources: [{ uri, name: 'watched' }] }),
        'resources/templates/list': () => ({ resourceTemplates: [] }),
        'resources/subscribe': () => ({}),
        'resources/unsubscribe': () => ({}),
      },
    }
    await using before = await startLab(options)
    await using moved = await startLab(options)
    await editTo({ ...both(), watched: before.entry })
    const session = await openSession(gateway.url)
    await until('the subscription', async () => {
      const { response } = await session.send('resources/subscribe', { uri })
      return response.result
    })
    const listening = await openModern(gateway.url, 'subscriptions/listen', {
      notifications: { resourceSubscriptions: [uri] },
    })
    const heard = [await session.get(), listening].map((stream) =>
      findMessage(stream, ({ method }) => method === 'notifications/resources/updated'),
    )
    await editTo({ ...both(), watched: moved.entry })
    const timer = setInterval(() => {
      moved.announce('notifications/resources/updated', { uri })
    }, 100)
    const messages = await Promise.race([Promise.all(heard), sleep(5000)])
    clearInterval(timer)
    assert.deepEqual(
      messages?.map(({ params }) => params?.['uri']),
      [uri, uri],
    )
    await editTo(both())
  })

  it('of filters and overrides is in effect at once, and clients hear of it', async () => {
    await using peer = await connectHttp(gateway.url, { era: 'modern' })
    let changes = 0
    peer.client.setNotificationHandler('notifications/tools/list_changed', () => void changes++)
    const listening = await peer.client.listen({ toolsListChanged: true })
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'one_count'), '1')
    await editTo(
      both(),
      prefixed([
        {
          workload: 'one',
          filter: ['count', 'look'],
          overrides: { look: { name: 'peek', description: 'Peeks' } },
        },
      ]),
    )
    await until('list_changed', () => (changes > 0 ? true : undefined))
    assert.deepEqual(await namesOf('one_'), ['one_count', 'one_peek'])
    assert.equal(await callIn(session, 'one_peek'), 'done look')
    assert.match(await callIn(session, 'one_write'), /Unknown tool/)
    assert.equal(await callIn(session, 'one_count'), '2')
    await listening.close()
    await editTo(both())
  })

  it('of timeouts holds from the next call on, and costs no state', async () => {
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'one_count'), '1')
    const before = callIn(session, 'one_wait', { ms: 1500 })
    await sleep(50)
    await editTo(both(), {
      ...prefixed(),
      operational: { timeouts: { default: '300ms', perWorkload: { two: '5s' } } },
    })
    assert.match(await callIn(session, 'one_wait', { ms: 2000 }), /did not answer within 300 ms/)
    assert.equal(await callIn(session, 'two_wait', { ms: 600 }), 'done wait')
    assert.equal(await before, 'done wait', 'a call keeps the timeouts it began with')
    assert.equal(await callIn(session, 'one_count'), '2')
    await editTo({ ...both(), one: { ...one.entry, timeouts: { idle: '200ms' } } })
    assert.match(await callIn(session, 'one_wait', { ms: 2000 }), /did not answer within 200 ms/)
    assert.equal(await callIn(session, 'one_count'), '3')
    await editTo(both())
  })

  it('of the audit log, of sessions and of failure handling holds at once', async () => {
    const first = join(folder.path, 'first.log')
    const second = join(folder.path, 'second.log')
    const session = await openSession(gateway.url)
    await editTo(both(), { ...prefixed(), audit: { logFile: first } })
    await callIn(session, 'one_look')
    await editTo(both(), {
      ...prefixed(),
      audit: { logFile: second, eventTypes: ['mcp_tool_call'] },
      operational: { sessions: { maxSessions: 1 } },
    })
    await callIn(session, 'two_look')
    await until('the line in the second file', async () => {
      const text = await readFile(second, 'utf8').catch(() => '')
      return text.includes('"name":"two_look"') ? true : undefined
    })
    assert.match(await readFile(first, 'utf8'), /"name":"one_look"/)
    assert.doesNotMatch(await readFile(first, 'utf8'), /two_look/)
    await openSession(gateway.url)
    await openSession(gateway.url)
    assert.equal((await session.send('tools/list')).status, 404, 'there is place for one only')
    await editTo(both())
  })

  it('with a mistake is reported with its position, and the old one stays', async () => {
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'one_count'), '1')
    const refused = /^configuration not reloaded/
    await edit(gatewayConfig(both(), prefixed()).replace('groupRef:', 'groupref:'), refused)
    const [line] = linesWith(refused).slice(-1)
    assert.match(String(line?.['problems']), /vmcp\.yaml:2:1 groupref.*did you mean "groupRef"/s)

    await edit('{ not yaml', refused)
    assert.match(String(linesWith(refused).at(-1)?.['problems']), /vmcp\.yaml:1:\d+/)

    await edit(gatewayConfig(both(), { ...prefixed(), optimizer: {} }), refused)
    assert.match(String(linesWith(refused).at(-1)?.['problems']), /optimizer/)

    const unknown = prefixed([{ workload: 'one', filter: ['cuont'] }])
    await edit(gatewayConfig(both(), unknown), refused)
    const problem = String(linesWith(refused).at(-1)?.['problems'])
    assert.match(problem, /vmcp\.yaml:\d+:\d+.*filter\[0\].*"cuont".*did you mean "count"/s)

    assert.equal((await namesOf('one_')).length, 6)
    assert.equal(await callIn(session, 'one_count'), '2')
    await editTo(both(), {
      ...prefixed(),
      metadata: { edit: 'mended' },
      operational: { logLevel: 'debug' },
    })
    const [later] = linesWith(/take effect at the next start/).slice(-1)
    assert.deepEqual(later?.['sections'], ['operational.logLevel'])
    assert.equal(await callIn(session, 'one_count'), '3')
  })

  it('while backends are down waits for none of them', async () => {
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'one_count'), '1')
    const away = { transport: 'streamable-http', url: 'http://127.0.0.1:9/mcp' }
    await using slow = await startLab()
    slow.delayMs = 60_000
    const startedAt = performance.now()
    await editTo({ ...both(), away, slow: slow.entry })
    assert.ok(performance.now() - startedAt < 5000)
    assert.equal(await callIn(session, 'one_count'), '2')
    await editTo({ one: one.entry, two: away })
    assert.equal(await callIn(session, 'one_count'), '3')
    await editTo(both())
    await until('the tools that came back', async () =>
      (await callIn(session, 'two_count')) === '1' ? true : undefined,
    )
  })

  it('of the tools of a backend itself reaches lists without one', async () => {
    one.tools = [...one.tools, tool('extra')]
    one.announce('notifications/tools/list_changed')
    await until('one_extra', async () =>
      (await namesOf('one_')).includes('one_extra') ? true : undefined,
    )
  })
})
