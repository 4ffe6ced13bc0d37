import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { renderProblem } from '../schema/problem.ts'
import { placesOf } from '../schema/schema-tree.ts'
import { loadVmcpConfig, parseVmcpConfig } from './load-vmcp-config.ts'
import { BROKEN_FILES } from './config/testing/broken-files.ts'
import { everyField } from './config/testing/every-field.ts'
import { vmcpFile } from './config/vmcp-config.ts'

const EVERY_KEY = readFileSync(new URL('./config/testing/every-key.yaml', import.meta.url), 'utf8')
const ENV = { GITHUB_TOKEN: 'Bearer secret', OIDC_SECRET: 's', SESSION_KEY: 'A'.repeat(43) + '=' }

const SMALL = `name: team-a
groupRef: team-a
incomingAuth: { type: anonymous }
outgoingAuth: { source: inline }
aggregation:
  conflictResolution: prefix
  conflictResolutionConfig: { prefixFormat: "{workload}_" }
`

const MANUAL = `aggregation:
  conflictResolution: manual
  conflictResolutionConfig: {}
  tools:
    - workload: gh
      filter: [gh_search, open_pr]
      overrides:
        search: { name: gh_search, annotations: { readOnlyHint: true } }
        create_pull_request: { name: open_pr, description: "Open a PR" }
    - workload: jira
      overrides:
        search: { name: jira_search }
    - workload: legacy
      excludeAll: true
`

describe('parseVmcpConfig', () => {
  it('accepts every documented key', async () => {
    const { config, problems } = await parseVmcpConfig(EVERY_KEY, 'f', ENV)
    assert.deepEqual(
      problems.filter((problem) => problem.severity === 'error').map(renderProblem),
      [],
    )
    assert.ok(config)
    assert.equal(config.sessionStorage.keyPrefix, 'vmcp-sessions:')
    assert.equal(config.operational.failureHandling.partialFailureMode, 'best_effort')
    assert.equal(config.rateLimiting?.perUser?.refillPeriodMs, 60_000)
    assert.equal(config.metadata['version'], '1.10')
    assert.equal(config.backends[3]?.target.kind, 'stdio')
  })

  it('has every key of the schema in that file, except where keys exclude each other', async () => {
    const exclusive = [
      'aws_sts',
      'awsSts',
      'obo',
      'xaa',
      'sentinel',
      'cluster',
      'path',
      'clientSecret',
      'headerValue',
    ]
    const missing = everyField(vmcpFile)
      .filter((path) => !path.some((part) => exclusive.includes(part)))
      .map((path) => path.at(-1) ?? '')
      .filter((name) => !new RegExp(`[ {-]${name}:|^${name}:`, 'm').test(EVERY_KEY))
    assert.deepEqual(missing, [])
    assert.deepEqual(placesOf(vmcpFile, 'prefixFormat'), [
      ['aggregation', 'conflictResolutionConfig', 'prefixFormat'],
    ])
  })

  it('fills in the defaults', async () => {
    const { config, problems } = await parseVmcpConfig(SMALL, 'f', {})
    assert.deepEqual(problems, [])
    assert.ok(config)
    assert.deepEqual(config.backends, [])
    assert.equal(config.operational.timeouts.defaultMs, 30_000)
    assert.equal(config.operational.failureHandling.healthCheckTimeoutMs, 10_000)
    assert.equal(config.operational.sessions.ttlMs, 1_800_000)
    assert.equal(config.operational.limits.maxBodyBytes, 8 * 1024 * 1024)
    assert.equal(config.sessionStorage.provider, undefined)
    assert.equal(config.sessionStorage.keyPrefix, 'thv:vmcp:session:')
    assert.equal(config.audit, undefined)
    assert.equal(config.telemetry.samplingRate, 0.05)
    assert.ok(Object.isFrozen(config.operational.timeouts))
  })

  it('turns audit on by the section alone, and off by enabled: false', async () => {
    assert.equal(
      (await parseVmcpConfig(`${SMALL}audit: {}\n`, 'f', {})).config?.audit?.enabled,
      true,
    )
    const off = await parseVmcpConfig(`${SMALL}audit: { enabled: false }\n`, 'f', {})
    assert.equal(off.config?.audit?.enabled, false)
  })

  it('accepts manual conflict resolution by names before and after an override', async () => {
    const yaml = SMALL.replace(/aggregation:[^]*/, '') + MANUAL
    const { config, problems } = await parseVmcpConfig(yaml, 'f', {})
    assert.deepEqual(problems, [])
    assert.deepEqual(config?.aggregation.tools[0]?.overrides['search'], {
      name: 'gh_search',
      annotations: { readOnlyHint: true },
    })
    assert.equal(config?.aggregation.conflictResolutionConfig.prefixFormat, '{workload}_')
  })

  it('takes empty sections as absent', async () => {
    const { config, problems } = await parseVmcpConfig(
      `${SMALL}operational:\nbackends:\naudit:\n`,
      'f',
      {},
    )
    assert.deepEqual(problems, [])
    assert.equal(config?.audit, undefined)
  })

  it('reads headers from the environment', async () => {
    const { config } = await parseVmcpConfig(EVERY_KEY, 'f', ENV)
    assert.deepEqual(config?.outgoingAuth.backends['github']?.headerInjection, {
      headerName: 'Authorization',
      headerValue: 'Bearer secret',
    })
  })

  it('notes what this version cannot do yet, with its position', async () => {
    const { config } = await parseVmcpConfig(EVERY_KEY, 'f', ENV)
    assert.deepEqual(
      config?.unsupported.map(({ path, reason }) => `${path}: ${reason.split(':')[0]}`),
      [
        'optimizer: the optimizer',
        'codeMode: code mode',
        'incomingAuth.type: incoming authentication by OIDC',
        'incomingAuth.authz: authorization by Cedar',
        'outgoingAuth.backends.jira.type: the outgoing strategy token_exchange',
        'outgoingAuth.backends.wiki.type: the outgoing strategy upstream_inject',
        'aggregation.tools[0].toolConfigRef: MCPToolConfig references',
      ],
    )
    assert.ok(config.unsupported.every(({ line, severity }) => line > 1 && severity === 'note'))
    assert.deepEqual((await parseVmcpConfig(SMALL, 'f', {})).config?.unsupported, [])
  })

  for (const { title, yaml, problems } of BROKEN_FILES) {
    it(`reports ${title}`, async () => {
      const text = yaml.startsWith('!') ? yaml.slice(1) : SMALL + yaml
      const found = await parseVmcpConfig(text, 'f', { EMPTY: '', BAD: 'a\nb' })
      assert.equal(found.config, undefined)
      assert.deepEqual(found.problems.map(renderProblem), problems)
    })
  }

  it('never throws, whatever the file', async () => {
    const lines = EVERY_KEY.split('\n')
    const mutations = fc.array(
      fc.tuple(
        fc.nat(lines.length - 1),
        fc.constantFrom(
          '',
          '- x',
          '  a: b',
          'null',
          '[]',
          '{}',
          '  - ',
          '1',
          '"x": [',
          'timeouts: 3',
        ),
        fc.boolean(),
      ),
      { minLength: 1, maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(mutations, async (changes) => {
        const text = [...lines]
        for (const [at, line, replace] of changes) text.splice(at, replace ? 1 : 0, line)
        const { config, problems } = await parseVmcpConfig(text.join('\n'), 'f', ENV)
        assert.ok(config !== undefined || problems.length > 0)
      }),
      { numRuns: 150 },
    )
  })

  it('never throws, whatever a value is', async () => {
    const keys = everyField(vmcpFile)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...keys), fc.jsonValue(), async (path, value) => {
        let nested: unknown = value
        for (const key of path.toReversed()) nested = key === '[]' ? [nested] : { [key]: nested }
        const { config, problems } = await parseVmcpConfig(JSON.stringify(nested), 'f', ENV)
        assert.ok(config !== undefined || problems.length > 0)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('loadVmcpConfig', () => {
  it('says why a file cannot be read', async () => {
    const fail = (code: string) => async () => {
      throw Object.assign(new Error('no'), { code })
    }
    const reasons = await Promise.all(
      ['ENOENT', 'EACCES', 'EISDIR', 'EIO'].map(async (code) => {
        const loaded = await loadVmcpConfig('f', {
          readFile: fail(code),
          listFolder: async () => [],
          env: {},
        })
        assert.equal(loaded.unreadable, true)
        return loaded.problems.map(renderProblem).join()
      }),
    )
    assert.deepEqual(reasons, [
      'f:1:1: there is no such file',
      'f:1:1: may not be read by this user',
      'f:1:1: is a folder, not a file',
      'f:1:1: cannot be read: Error: no',
    ])
  })
})
