import assert from 'node:assert/strict'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run } from '../../scripts/support/program.ts'
import { startChild } from '../support/child.ts'
import { gatewayConfig, startGateway } from '../support/gateway.ts'
import { callIn, callModern, logLines, stdioLab, toolNames } from '../support/lab-client.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { openSession } from '../support/raw-mcp.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'
import { until } from '../support/until.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let home: TempDir
let lab: Lab
before(async () => {
  home = await createTempDir()
  lab = await startLab()
  const folder = join(home.path, 'toolhive', 'runconfigs')
  await mkdir(folder, { recursive: true })
  const port = Number(new URL(lab.url).port)
  const workload = { name: 'lab', transport: 'streamable-http', port }
  await writeFile(join(folder, 'lab.json'), JSON.stringify(workload))
})
after(async () => {
  await lab?.[Symbol.asyncDispose]()
  await home?.[Symbol.asyncDispose]()
})

const env = () => ({ ...process.env, HOME: home.path, XDG_STATE_HOME: home.path })
const thv = (...args: string[]) => run(process.execPath, [CLI, ...args], { env: env() })

describe('init, validate and serve', () => {
  it('go hand in hand: what one writes the next takes', async () => {
    const file = join(home.path, 'made.yaml')
    const made = await thv('vmcp', 'init', '-g', 'default', '-o', file)
    assert.equal(made.code, 0, made.stderr)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    const yaml = await readFile(file, 'utf8')
    assert.match(yaml, /^name: default-vmcp$/m)
    assert.match(yaml, new RegExp(lab.url.replaceAll('.', '\\.')))
    const valid = await thv('vmcp', 'validate', '-c', file, '--live')
    assert.equal(valid.code, 0, valid.stderr + valid.stdout)
    assert.match(valid.stdout + valid.stderr, /default-vmcp/)

    await using server = startChild(
      process.execPath,
      [CLI, 'vmcp', 'serve', '-c', file, '--port', '0'],
      { env: env() },
    )
    const [, url = ''] = await server.waitFor(/"(http:\/\/127\.0\.0\.1:\d+\/mcp)"/, 10_000)
    await until('its tools', async () =>
      (await toolNames(url)).includes('lab_count') ? true : undefined,
    )
    assert.equal(await server.stop(), 0)
  })

  it('validate --live says what a command that fails said', async () => {
    const file = join(home.path, 'failing.yaml')
    const script = "console.error('one'); console.error('no module foo'); process.exit(3)"
    const backends = {
      fails: { transport: 'stdio', command: process.execPath, args: ['-e', script] },
      none: { transport: 'stdio', command: 'no-such-program -y foo' },
    }
    await writeFile(file, gatewayConfig(backends))
    const { code, stderr } = await thv('vmcp', 'validate', '-c', file, '--live')
    assert.equal(code, 1)
    assert.match(
      stderr,
      /backends\[\d\]: backend "fails" went away before .* exit code 3; its last line on stderr: no module foo \(/,
    )
    assert.match(stderr, /backends\[\d\]: cannot reach backend "none": cannot start /)
    assert.match(stderr, /write command: no-such-program, and the arguments into args: \[-y, foo\]/)
    assert.doesNotMatch(stderr, /cannot be reached/)
  })

  it('init writes to stdout without a file', async () => {
    const { code, stdout } = await thv('vmcp', 'init', '--group', 'default')
    assert.equal(code, 0)
    assert.match(stdout, /groupRef: default/)
  })

  it('serve takes a group for a file, on loopback only, and says which groups there are', async () => {
    const everywhere = await thv('vmcp', 'serve', '--group', 'default', '--host', '0.0.0.0')
    assert.equal(everywhere.code, 1)
    assert.match(everywhere.stderr, /loopback/)
    const unknown = await thv('vmcp', 'serve', '--group', 'nobody')
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /nobody/)
    const neither = await thv('vmcp', 'serve')
    assert.equal(neither.code, 1)
    assert.match(neither.stderr, /either --config or --group must be specified/)
    const negative = await thv('vmcp', 'serve', '--group', 'default', '--session-ttl', '-1s')
    assert.equal(negative.code, 1)
    assert.match(negative.stderr, /--session-ttl/)
  })

  it('serve and validate find the same mistakes, all at once, each with its place', async () => {
    const file = join(home.path, 'wrong.yaml')
    await writeFile(
      file,
      [
        'name: x',
        'groupRef: x',
        'incomingAuth: { type: anonymuos }',
        'outgoingAuth: { source: inline }',
        'aggregation: { conflictResolution: prefix }',
        'operational: { timeouts: { default: soon } }',
        'backends:',
        '  - { name: a, url: "ftp://x", transport: sse }',
        'compositeTool: []',
      ].join('\n'),
    )
    const validated = await thv('vmcp', 'validate', '-c', file)
    const served = await thv('vmcp', 'serve', '-c', file, '--port', '0')
    for (const { code, stderr, stdout } of [validated, served]) {
      assert.equal(code, 1)
      const all = stderr + stdout
      for (const words of [
        /wrong\.yaml:3:\d+ incomingAuth\.type: .*did you mean "anonymous"/,
        /wrong\.yaml:5:\d+ aggregation/,
        /wrong\.yaml:6:\d+ operational\.timeouts\.default: /,
        /wrong\.yaml:8:\d+ backends\[0\]\.url: /,
        /wrong\.yaml:9:\d+ compositeTool: .*did you mean "compositeTools"/,
      ])
        assert.match(all, words)
    }
  })

  for (const [section, value] of Object.entries({
    optimizer: {},
    codeMode: { enabled: true },
    incomingAuth: { type: 'oidc', oidc: { issuer: 'https://i.example', audience: 'a' } },
  })) {
    it(`${section} of a later version is valid, and refused at the start with these words`, async () => {
      const file = join(home.path, `${section}.yaml`)
      await writeFile(file, gatewayConfig({ lab: lab.entry }, { [section]: value }))
      const valid = await thv('vmcp', 'validate', '-c', file)
      assert.equal(valid.code, 0, valid.stderr + valid.stdout)
      const { code, stderr } = await thv('vmcp', 'serve', '-c', file, '--port', '0')
      assert.equal(code, 1)
      assert.match(
        stderr,
        new RegExp(`${section}\\.yaml:\\d+:\\d+ ${section}.*not available in this version`),
      )
    })
  }
})

describe('the log', () => {
  it('is JSON where stderr is no terminal, one object a line, and pretty when asked for', async () => {
    await using json = await startGateway(gatewayConfig({ lab: lab.entry, local: stdioLab() }))
    await callModern(json.url, 'count')
    const lines = logLines(json)
    assert.equal(lines.length, json.child.output().trimEnd().split('\n').length)
    for (const line of lines) {
      assert.ok(!Number.isNaN(Date.parse(String(line['time']))), JSON.stringify(line))
      assert.match(String(line['level']), /^(debug|info|warn|error)$/)
      assert.notEqual(line['msg'], undefined)
    }
    await using pretty = await startGateway(gatewayConfig({ lab: lab.entry }), {
      args: ['--log-format', 'pretty'],
    })
    const text = pretty.child.output()
    assert.match(text, /^\d\d:\d\d:\d\d info {2}\[lab\] Backend is ready .*tools=6/m)
    assert.equal(logLines(pretty).length, 0)
  })
})

describe('a stdio backend of the file', () => {
  it('runs in its working folder with its arguments and environment', async () => {
    await using folder = await createTempDir()
    await writeFile(
      join(folder.path, 'server.mjs'),
      `await import(${JSON.stringify(stdioLab().args[0])})`,
    )
    await using gateway = await startGateway(
      gatewayConfig({
        local: {
          transport: 'stdio',
          command: process.execPath,
          args: ['server.mjs'],
          cwd: folder.path,
          env: { GREETING: 'hello' },
        },
      }),
    )
    const session = await openSession(gateway.url)
    assert.equal(await callIn(session, 'env', { name: 'GREETING' }), 'hello')
  })
})
