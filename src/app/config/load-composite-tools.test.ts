import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Problem } from '../../schema/problem.ts'
import { renderProblem } from '../../schema/problem.ts'
import { loadVmcpConfig, parseVmcpConfig } from '../load-vmcp-config.ts'
import { BROKEN_COMPOSITES } from './testing/broken-composites.ts'

const SMALL = `name: team-a
groupRef: team-a
incomingAuth: { type: anonymous }
outgoingAuth: { source: inline }
aggregation:
  conflictResolution: prefix
  conflictResolutionConfig: { prefixFormat: "{workload}_" }
`
const TRIAGE = `apiVersion: toolhive.stacklok.dev/v1beta1
kind: VirtualMCPCompositeToolDefinition
metadata: { name: triage, namespace: tools, labels: { a: b } }
spec:
  name: triage_issues
  description: d
  steps: [{ id: a, tool: x }]
status: { validationStatus: Valid }
`

describe('loadCompositeTools', () => {
  for (const { title, yaml, problems } of BROKEN_COMPOSITES) {
    it(`6.3: reports ${title}`, async () => {
      const found = await parseVmcpConfig(`${SMALL}compositeTools:\n${yaml}`, 'f', {})
      assert.deepEqual(rendered(found.problems), problems)
      const hasErrors = found.problems.some(({ severity }) => severity === 'error')
      assert.equal(found.config === undefined, hasErrors)
    })
  }

  it('6.3: reports the mistakes of all composite tools and of other sections at once, in order', async () => {
    const yaml = `${SMALL}compositeTools:
  - { name: a, description: d, steps: [{ id: a, tool: x, condition: "{{nope}}" }] }
  - { name: b, description: d, steps: [{ id: a, tool: x, condition: "{{.steps.b}}" }] }
audit: { nope: 1 }
`
    const { problems } = await parseVmcpConfig(yaml, 'f', {})
    assert.deepEqual(
      problems.map(({ line, column }) => `${line}:${column}`),
      ['9:72', '10:72', '11:10'],
    )
  })

  it('6.10 (weak there): only warns of steps that call by the name of a composite tool what may be of a backend', async () => {
    const tools = (name: string): string => `
backends: [{ name: ev, transport: streamable-http, url: 'http://127.0.0.1:9/mcp' }]
compositeTools:
  - { name: ${name}, description: d, steps: [{ id: a, tool: ${name} }] }
  - { name: innocent, description: d, steps: [{ id: a, tool: ${name} }] }
`
    const clash =
      'is the name of a composite tool, which a step cannot call: a backend has to have a tool of this name'
    for (const name of ['ev_echo', 'ev.echo']) {
      const { config, problems } = await parseVmcpConfig(SMALL + tools(name), 'f', {})
      assert.deepEqual(
        problems.map(({ severity, path, reason }) => [severity, path, reason]),
        [0, 1].map((index) => [
          'warning',
          `compositeTools[${index}].steps[0].tool`,
          `"${name}" ${clash}`,
        ]),
      )
      assert.equal(config?.composites.length, 2)
    }
    const bare = SMALL.replace('prefix\n', 'priority\n').replace(
      /\{ prefixFormat.*/,
      '{ priorityOrder: [ev] }',
    )
    assert.ok((await parseVmcpConfig(bare + tools('echo'), 'f', {})).config)
    assert.equal((await parseVmcpConfig(SMALL + tools('echo'), 'f', {})).config, undefined)
  })

  it('6.3: refuses two composite tools of one name, and steps that call composite tools', async () => {
    const yaml = `${SMALL}compositeTools:
  - { name: a, description: d, steps: [{ id: a, tool: b }] }
  - { name: b, description: d, steps: [{ id: a, tool: x }] }
  - { name: b, description: d, steps: [{ id: a, type: forEach, collection: "[]", step: { id: i, tool: b } }] }
`
    const { problems } = await parseVmcpConfig(yaml, 'f', {})
    assert.deepEqual(rendered(problems), [
      'f:9:55 compositeTools[0].steps[0].tool: "b" is a composite tool: a step can only call a tool of a backend (write its steps here)',
      'f:11:13 compositeTools[2].name: duplicate composite tool name "b"',
      'f:11:103 compositeTools[2].steps[0].step.tool: "b" is a composite tool: a step can only call a tool of a backend (write its steps here)',
    ])
  })

  it('notes loops over a fleet where there can be none', async () => {
    const tools = `compositeTools:
  - name: a
    description: d
    steps:
      - { id: a, type: forEach, collection: "[]", distribution: fleet, step: { id: i, tool: x } }
      - { id: b, type: forEach, collection: "[]", step: { id: i, tool: x } }
`
    const redis = 'sessionStorage: { provider: redis, address: "127.0.0.1:6379" }\n'
    const found = async (rest: string) =>
      (await parseVmcpConfig(`${SMALL}${tools}${rest}`, 'f', {})).problems
    const notes = await found('')
    assert.deepEqual(rendered(notes), [
      'note f:12:65 compositeTools[0].steps[0].distribution: iterations run on one replica: there is no queue without sessionStorage.provider redis',
    ])
    assert.deepEqual(await found(redis), [])
    const [alone] = rendered(await found(`${redis}cluster: { enabled: false }\n`))
    assert.match(alone ?? '', /cluster\.enabled is false/)
  })

  it('6.2: takes numbers and booleans where text is wanted, and empty values for absent ones', async () => {
    const yaml = `${SMALL}compositeTools:
  - name: 1
    description: d
    parameters:
    steps:
      - { id: 1, type: '', tool: x, condition: true, timeout: 0, arguments: , onError: }
      - { id: 2, tool: x, dependsOn: [1] }
      - id: 3
        type: forEach
        collection: "[]"
        itemVar: ''
        maxParallel: 0
        maxIterations: 0
        step: { id: i, type: tool, tool: x }
`
    const { config, problems } = await parseVmcpConfig(yaml, 'f', {})
    assert.deepEqual(
      problems.filter(({ severity }) => severity !== 'note'),
      [],
    )
    const [first, second, third] = config?.composites[0]?.plan.steps ?? []
    assert.equal(first?.timeoutMs, undefined)
    assert.deepEqual(second?.dependsOn, ['1'])
    assert.ok(third?.does.kind === 'forEach')
    const { itemVar, maxParallel, maxIterations, distribution } = third.does
    assert.deepEqual(
      [itemVar, maxParallel, maxIterations, distribution],
      ['item', 10, 100, 'local'],
    )
  })

  it('measures loops by the timeouts of their backends', async () => {
    const yaml = `${SMALL}backends:
  - { name: slow, url: "http://127.0.0.1:1" }
  - { name: own, url: "http://127.0.0.1:1", timeouts: { idle: 4m } }
operational: { timeouts: { default: 1s, perWorkload: { slow: 5m } } }
compositeTools:
  - name: t
    description: d
    steps:
      - { id: a, type: forEach, collection: "[]", step: { id: i, tool: slow.x } }
      - { id: b, type: forEach, collection: "[]", step: { id: i, tool: slow_x } }
      - { id: c, type: forEach, collection: "[]", step: { id: i, tool: own.x } }
      - { id: d, type: forEach, collection: "[]", step: { id: i, tool: fast.x } }
`
    const { config } = await parseVmcpConfig(yaml, 'f', {})
    const reasons = config?.remarks.map(({ reason }) => /up to (\S+) =/.exec(reason)?.[1])
    assert.deepEqual(reasons, ['5m0s', '5m0s', '4m0s'])
  })
})

describe('compositeToolRefs', () => {
  it('6: finds manifests in the folder of the file, in files of several documents too', async () => {
    for (const version of ['v1alpha1', 'v1beta1']) {
      const text = `kind: ConfigMap\nmetadata: { name: triage }\n---\n${TRIAGE.replace('v1beta1', version)}---\n`
      const { config } = await load('compositeToolRefs: [{ name: triage }]', { 'many.yml': text })
      assert.deepEqual(
        config?.composites.map(({ plan }) => plan.name),
        ['triage_issues'],
      )
    }
  })

  it('shows the mistakes of a manifest at their place in the manifest, behind those of the file', async () => {
    const text = TRIAGE.replace(
      'steps: [{ id: a, tool: x }]',
      'steps: [{ id: a, tool: x, condition: "{{.steps.b}}", tol: y }]',
    )
    const { config, problems } = await load(
      'compositeToolRefs: [{ name: triage }]\nmetadata: { a: [] }',
      { 'triage.yaml': `# first\n${text}` },
    )
    assert.equal(config, undefined)
    assert.deepEqual(rendered(problems), [
      '/etc/v/vmcp.yaml:9:16 metadata.a: must be text, not a list',
      '/etc/v/triage.yaml:8:43 spec.steps[0].condition: there is no step "b" (did you mean "a"?)',
      '/etc/v/triage.yaml:8:56 spec.steps[0].tol: is not a known key (did you mean "tool"?)',
    ])
  })

  it('6.1: warns of a name that clients may refuse at its place in a manifest', async () => {
    const { config, problems } = await load('compositeToolRefs: [{ name: triage }]', {
      'triage.yaml': TRIAGE.replace('triage_issues', 'triage issues'),
    })
    assert.deepEqual(rendered(problems), [
      'warning /etc/v/triage.yaml:5:9 spec.name: is not what clients take as the name of a tool: some will refuse it (use 1 to 128 of A-Z a-z 0-9 _ - .)',
    ])
    assert.equal(config?.composites.length, 1)
  })

  it('says when there is no such manifest, and what was probably meant', async () => {
    const hint = async (files: Record<string, string>): Promise<string[]> =>
      rendered((await load('compositeToolRefs: [{ name: triag }]', files)).problems)
    const where =
      '/etc/v/vmcp.yaml:8:29 compositeToolRefs[0].name: there is no VirtualMCPCompositeToolDefinition "triag" in /etc/v'
    assert.deepEqual(await hint({}), [
      `${where} (put its manifest beside the file, as a *.yaml of the kind VirtualMCPCompositeToolDefinition)`,
    ])
    assert.deepEqual(await hint({ 'a.yaml': TRIAGE }), [`${where} (did you mean "triage"?)`])
    assert.deepEqual(await hint({ 'a.yaml': TRIAGE.replace('name: triage', 'name: other') }), [
      `${where} (there are other)`,
    ])
    const [error, note] = await hint({ 'a.yaml': `${TRIAGE}x: [` })
    assert.match(error ?? '', /\(not readable: \/etc\/v\/a\.yaml:9:4: is not valid YAML/)
    assert.match(note ?? '', /^note \/etc\/v\/a\.yaml:9:4: is not valid YAML/)
  })

  it('says that lists of manifests are not read', async () => {
    const { config, problems } = await load('compositeToolRefs: [{ name: triage }]', {
      'list.yaml':
        'apiVersion: v1\nkind: List\nitems:\n  - { kind: VirtualMCPCompositeToolDefinition }\n',
    })
    assert.equal(config, undefined)
    const [error, note] = rendered(problems)
    assert.match(error ?? '', /\(not readable: \/etc\/v\/list\.yaml:2:7 kind: lists of manifests/)
    assert.equal(
      note,
      'note /etc/v/list.yaml:2:7 kind: lists of manifests are not read (make documents of its items, --- between them)',
    )
  })

  it('leaves other kinds, other versions and broken files alone', async () => {
    const { config, problems } = await load('compositeToolRefs: [{ name: triage }]', {
      'a.yaml': 'x: [',
      'b.yaml': TRIAGE.replace('name: triage_issues', 'nam: x').replace(
        'name: triage',
        'name: unused',
      ),
      'c.yaml': TRIAGE.replace('toolhive.stacklok.dev', 'other.example'),
      'd.txt': TRIAGE,
      'e.yaml': 'kind: MCPServer\nmetadata: { name: triage }\n# VirtualMCPCompositeToolDefinition',
      'f.yaml': `kind: [VirtualMCPCompositeToolDefinition`,
      'triage.yaml': TRIAGE,
    })
    assert.ok(config)
    const notes = problems.filter(({ file }) => file !== '/etc/v/vmcp.yaml')
    assert.deepEqual(
      notes.map(({ file, severity }) => [file, severity]),
      [['/etc/v/f.yaml', 'note']],
    )
  })

  it('refuses a name that is defined twice, or taken by another composite tool', async () => {
    const twice = await load('compositeToolRefs: [{ name: triage }]', {
      'a.yaml': TRIAGE,
      'b.yaml': TRIAGE,
    })
    assert.deepEqual(rendered(twice.problems), [
      '/etc/v/vmcp.yaml:8:29 compositeToolRefs[0].name: "triage" is defined twice: /etc/v/a.yaml:3:19 and /etc/v/b.yaml:3:19 (remove one of the two)',
    ])
    const taken = await load(
      'compositeToolRefs: [{ name: triage }]\ncompositeTools: [{ name: triage_issues, description: d, steps: [{ id: a, tool: x }] }]',
      { 'a.yaml': TRIAGE },
    )
    assert.deepEqual(rendered(taken.problems), [
      '/etc/v/vmcp.yaml:8:29 compositeToolRefs[0].name: there is already a composite tool "triage_issues"',
    ])
  })

  it('takes a composite tool of that name in the file for the one that is referred to', async () => {
    const { config } = await load(
      'compositeToolRefs: [{ name: triage }]\ncompositeTools: [{ name: triage, description: d, steps: [{ id: a, tool: x }] }]',
      {},
    )
    assert.equal(config?.composites.length, 1)
  })

  it('refuses a manifest of another version, and unknown fields', async () => {
    const text = TRIAGE.replace('v1beta1', 'v2').replace('status:', 'spce: {}\nstatus:')
    const { problems } = await load('compositeToolRefs: [{ name: triage }]', { 'a.yaml': text })
    assert.deepEqual(rendered(problems), [
      '/etc/v/a.yaml:1:13 apiVersion: must be one of toolhive.stacklok.dev/v1alpha1, toolhive.stacklok.dev/v1beta1, not "toolhive.stacklok.dev/v2" (did you mean "toolhive.stacklok.dev/v1beta1"?)',
      '/etc/v/a.yaml:8:1 spce: is not a known key (did you mean "spec"?)',
    ])
  })

  it('reads no manifests when nothing refers to them', async () => {
    let listed = 0
    await loadVmcpConfig('/etc/v/vmcp.yaml', {
      env: {},
      readFile: async () => Buffer.from(SMALL),
      async listFolder() {
        listed++
        return []
      },
    })
    assert.equal(listed, 0)
  })
})

function load(more: string, beside: Readonly<Record<string, string>>) {
  const files: Record<string, string> = { 'vmcp.yaml': `${SMALL}${more}\n`, ...beside }
  return loadVmcpConfig('/etc/v/vmcp.yaml', {
    env: {},
    listFolder: async () => Object.keys(files),
    async readFile(path) {
      const text = files[path.replace('/etc/v/', '')]
      if (text === undefined) throw new Error(`there is no ${path}`)
      return Buffer.from(text)
    },
  })
}

/** As the command line shows them, without what is not available yet. */
function rendered(problems: readonly Problem[]): string[] {
  return problems
    .filter(({ reason }) => !reason.includes('not available in this version'))
    .map((each) => `${each.severity === 'error' ? '' : `${each.severity} `}${renderProblem(each)}`)
}
