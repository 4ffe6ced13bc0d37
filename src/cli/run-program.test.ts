import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { runCli, tempHome } from './testing/run-cli.ts'

const VALID = `name: team-a
groupRef: default
incomingAuth: { type: anonymous }
outgoingAuth: { source: inline }
aggregation:
  conflictResolution: prefix
  conflictResolutionConfig: { prefixFormat: "{workload}_" }
`
const STATE = {
  'state/toolhive/groups/team.json': '{"name":"team"}',
  'state/toolhive/runconfigs/b.json': '{"name":"b","group":"team","transport":"stdio","port":9002}',
  'state/toolhive/runconfigs/a.json':
    '{"name":"a: x","group":"team","transport":"sse","port":9001}',
}

describe('thv version', () => {
  it('prints text, or JSON', async () => {
    assert.match((await runCli(['version'])).stdout, /^ToolHive v\d+\.\d+\.\d+\n/)
    assert.match((await runCli(['--version'])).stdout, /^ToolHive v/)
    for (const args of [['--format', 'json'], ['--json']]) {
      const facts: unknown = JSON.parse((await runCli(['version', ...args])).stdout)
      const keys = ['version', 'commit', 'build_date', 'node_version', 'platform']
      assert.deepEqual(Object.keys(facts as object), keys)
    }
    const wrong = await runCli(['version', '--format', 'xml'])
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /^Error \[CLI_BAD_VALUE\] .*\nTry: --format text/)
  })
})

describe('thv --help', () => {
  it('names every command, and every flag of one', async () => {
    const { stdout, code } = await runCli(['--help'])
    assert.equal(code, 0)
    for (const name of ['vmcp serve', 'vmcp validate', 'vmcp init', 'version']) {
      assert.ok(stdout.includes(`  ${name} `), name)
    }
    const serve = (await runCli(['vmcp', 'serve', '--help'])).stdout
    assert.match(serve, /-c, --config FILE +Configuration file/)
    assert.match(serve, /--port PORT +.*\(default 4483\)/)
  })
})

describe('errors', () => {
  it('are one object with --format json', async () => {
    const { stderr, code } = await runCli(['vmcp', 'validate', '--format', 'json'])
    assert.equal(code, 1)
    assert.deepEqual(JSON.parse(stderr), {
      error: {
        code: 'CLI_FLAG_REQUIRED',
        message: 'The flag --config is required',
        hint: '--config FILE',
        details: { flag: '--config', value: 'FILE' },
      },
    })
  })
})

describe('thv vmcp validate', () => {
  it('sums up a valid file', async () => {
    using home = tempHome({ 'v.yaml': VALID })
    const file = home.path('v.yaml')
    const { code, stdout, stderr } = await runCli(['vmcp', 'validate', '-c', file])
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(
      stdout,
      `✓ ${file} is valid
  Name: team-a
  Group: default
  Backends: those of the group
  Incoming Auth: anonymous
  Outgoing Auth: default only (source: inline)
  Conflict Resolution: prefix
  Composite Tools: 0
`,
    )
    const json = await runCli(['vmcp', 'validate', '-c', file, '--format', 'json'])
    const { valid, servable } = JSON.parse(json.stdout) as Record<string, unknown>
    assert.deepEqual([valid, servable], [true, true])
  })

  it('accepts what cannot be served yet, with a note', async () => {
    using home = tempHome({ 'v.yaml': `${VALID}optimizer: {}\n` })
    const { code, stdout } = await runCli(['vmcp', 'validate', '-c', home.path('v.yaml')])
    assert.equal(code, 0)
    assert.match(stdout, /note: .*v\.yaml:8:12 optimizer: the optimizer: valid, but not available/)
    assert.match(
      stdout,
      /\n✓ valid, but this version cannot serve it: `serve` would refuse optimizer\n$/,
    )
    const json = await runCli(['vmcp', 'validate', '-c', home.path('v.yaml'), '--format', 'json'])
    const { valid, servable } = JSON.parse(json.stdout) as Record<string, unknown>
    assert.deepEqual([json.code, valid, servable], [0, true, false])
  })

  it('prints every mistake and fails', async () => {
    using home = tempHome({ 'v.yaml': `${VALID}audit: { enable: yes }\nbakends: []\n` })
    const file = home.path('v.yaml')
    const { code, stdout, stderr } = await runCli(['vmcp', 'validate', '-c', file])
    assert.deepEqual([code, stdout], [1, ''])
    assert.equal(
      stderr,
      `${file}:8:10 audit.enable: is not a known key (did you mean "enabled"?)
${file}:9:1 bakends: is not a known key (did you mean "backends"?)
Error [CLI_VALIDATION_FAILED] validation failed: ${file} has 2 problems
Try: mend ${file} and look again: thv vmcp validate -c ${file}
`,
    )
  })

  it('tells a file that cannot be loaded from one that is wrong', async () => {
    const { code, stderr } = await runCli(['vmcp', 'validate', '-c', '/nowhere.yaml'])
    assert.equal(code, 1)
    assert.match(stderr, /\/nowhere\.yaml:1:1: there is no such file\n/)
    assert.match(stderr, /Error \[CLI_LOADING_FAILED\] configuration loading failed: /)
    assert.match(stderr, /Try: mend \/nowhere\.yaml; thv vmcp init -g GROUP -o other\.yaml /)
  })
})

describe('thv vmcp init', () => {
  it('writes a file that is valid, with the servers of the group sorted', async () => {
    using home = tempHome(STATE)
    const file = home.path('v.yaml')
    const { code, stdout, stderr } = await runCli(
      ['vmcp', 'init', '-g', 'team', '-o', file],
      home.env,
    )
    assert.deepEqual([code, stdout], [0, ''])
    assert.equal(stderr, `Wrote ${file} with 2 servers of group "team"\n`)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const text = readFileSync(file, 'utf8')
    assert.match(text, /^name: team-vmcp$/m)
    assert.match(
      text,
      /- name: "a: x"\n {4}url: http:\/\/127\.0\.0\.1:9001\/sse\n {4}transport: sse\n  - name: b\n/,
    )
    assert.equal((await runCli(['vmcp', 'validate', '-c', file])).code, 0)
  })

  it('replaces a file that says something else with --force only', async () => {
    using home = tempHome(STATE)
    const file = home.path('v.yaml')
    const init = (...args: string[]) =>
      runCli(['vmcp', 'init', '-g', 'team', '-o', file, ...args], home.env)
    assert.equal((await init()).code, 0)
    const written = readFileSync(file, 'utf8')
    assert.equal((await init()).code, 0, 'the same again loses nothing')
    writeFileSync(file, 'edited')
    const { code, stderr } = await init()
    assert.equal(code, 1)
    assert.match(stderr, /^Error \[CLI_FILE_EXISTS\] \S+v\.yaml is there already, and says/)
    assert.match(stderr, /Try: -o with another name, or --force to replace /)
    assert.equal(readFileSync(file, 'utf8'), 'edited')
    assert.equal((await init('--force')).code, 0)
    assert.equal(readFileSync(file, 'utf8'), written)
  })

  it('prints it without a file, and shows how to add servers where there are none', async () => {
    using home = tempHome()
    for (const output of [[], ['-o', '-'], ['-c', '']]) {
      const { code, stdout } = await runCli(['vmcp', 'init', '-g', 'default', ...output], home.env)
      assert.equal(code, 0)
      assert.match(stdout, /^backends: \[\]$/m)
    }
  })

  it('fails without a group, with an unknown one, and where it cannot write', async () => {
    using home = tempHome(STATE)
    const run = async (...args: string[]) =>
      (await runCli(['vmcp', 'init', ...args], home.env)).stderr.split('\n')[0]
    assert.equal(await run(), 'Error [CLI_FLAG_REQUIRED] The flag --group is required')
    assert.equal(await run('-g', 'x'), 'Error [CLI_NO_GROUP] There is no group "x" on this machine')
    assert.match((await run('-g', 'team', '-o', '/nowhere/v.yaml')) ?? '', /CLI_CANNOT_WRITE/)
    assert.match((await run('-g', 'team', '-o', 'a', '-c', 'b')) ?? '', /CLI_BAD_VALUE/)
  })
})

describe('thv vmcp serve', () => {
  it('refuses flags that make no sense', async () => {
    using home = tempHome({
      ...STATE,
      'v.yaml': VALID,
      'later.yaml': `${VALID}codeMode: { enabled: true }\n`,
    })
    const file = home.path('v.yaml')
    const run = async (...args: string[]) =>
      (await runCli(['vmcp', 'serve', ...args], home.env)).stderr
    const table: [string[], RegExp][] = [
      [[], /CLI_NO_SOURCE\] either --config or --group must be specified/],
      [
        ['-c', file, '--port', '70000'],
        /CLI_BAD_VALUE\] The value "70000" of --port is not a port/,
      ],
      [['-c', file, '--session-ttl=-1m'], /The value "-1m" of --session-ttl must not be negative/],
      [['-c', file, '--session-ttl', '5'], /The value "5" of --session-ttl has no unit/],
      [['-c', file, '--log-format', 'xml'], /"xml" of --log-format is not a log format/],
      [['--group', 'team', '--host', '0.0.0.0'], /quick mode only supports loopback addresses/],
      [['--group', 'nope'], /CLI_NO_GROUP\] There is no group "nope"[^]*Try: one of default, team/],
      [
        ['-c', file, '--optimizer'],
        /^Error \[CLI_FLAG_NOT_YET\] The flag --optimizer asks for .*\nTry: leave --optimizer out\n$/,
      ],
      [
        ['-c', home.path('later.yaml')],
        /later\.yaml:8:11 codeMode: code mode[^]*CLI_UNSUPPORTED\] Cannot serve/,
      ],
    ]
    for (const [args, wanted] of table) assert.match(await run(...args), wanted)
  })
})
