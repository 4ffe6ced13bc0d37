import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { renderProblem } from '../schema/problem.ts'
import { appErrors } from './errors.ts'
import { watchConfig } from './watch-config.ts'

const text = (name: string): string => `name: ${name}
groupRef: g
incomingAuth: { type: anonymous }
outgoingAuth: { source: inline }
aggregation: { conflictResolution: prefix, conflictResolutionConfig: { prefixFormat: x } }
`

describe('watchConfig', () => {
  it('tells of a valid edit, once', async () => {
    await using watched = watchedFolder()
    writeFileSync(watched.file, text('two'))
    await watched.until('valid two')
    writeFileSync(watched.file, text('two'))
    await watched.watch.check()
    assert.deepEqual(watched.events, ['valid two'])
  })

  it('tells of the problems of an invalid edit, and of the valid one after it', async () => {
    await using watched = watchedFolder()
    writeFileSync(watched.file, text('two').replace('groupRef', 'groupref'))
    await watched.until(
      `invalid ${watched.file}:2:1 groupref: is not a known key (did you mean "groupRef"?)`,
    )
    writeFileSync(watched.file, text('three'))
    await watched.until('valid three')
  })

  it('follows a file that is replaced by renaming, again and again', async () => {
    await using watched = watchedFolder()
    for (const name of ['two', 'three', 'four']) {
      writeFileSync(`${watched.file}.tmp`, text(name))
      renameSync(`${watched.file}.tmp`, watched.file)
      await watched.until(`valid ${name}`)
    }
  })

  it('waits for a file that is away for a while', async () => {
    await using watched = watchedFolder({ missingMs: 60_000 })
    rmSync(watched.file)
    await sleep(30)
    writeFileSync(watched.file, text('back'))
    await watched.until('valid back')
    assert.deepEqual(watched.events, ['valid back'])
  })

  it('follows the links of a Kubernetes ConfigMap', async () => {
    await using watched = watchedFolder({ configMap: true })
    const { folder } = watched
    mkdirSync(join(folder, '..v2'))
    writeFileSync(join(folder, '..v2', 'vmcp.yaml'), text('two'))
    symlinkSync('..v2', join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    await watched.until('valid two')
  })

  it('follows the manifests that the file refers to, and tells of their mistakes', async () => {
    await using watched = watchedFolder()
    const manifest = join(watched.folder, 'tool.yaml')
    const write = (step: string): void =>
      writeFileSync(
        manifest,
        `apiVersion: toolhive.stacklok.dev/v1beta1
kind: VirtualMCPCompositeToolDefinition
metadata: { name: t }
spec: { name: t, description: d, steps: [${step}] }
`,
      )
    write('{ id: a, tool: x }')
    writeFileSync(watched.file, `${text('two')}compositeToolRefs: [{ name: t }]\n`)
    await watched.until('valid two')
    write('{ id: a }')
    await watched.until(
      `invalid ${manifest}:4:42 spec.steps[0]: is a tool step but has no \`tool\``,
    )
    watched.events.length = 0
    write('{ id: a, tool: y }')
    await watched.until('valid two')
    watched.events.length = 0
    write('{ id: a, tool: y }')
    await watched.watch.check()
    assert.deepEqual(watched.events, [])
  })

  it('reports a configuration that cannot be put into effect, and goes on', async () => {
    await using watched = watchedFolder({ failFor: 'bad' })
    writeFileSync(watched.file, text('bad'))
    await watched.until(`invalid ${watched.file}:1:1: cannot be put into effect: no`)
    writeFileSync(watched.file, text('good'))
    await watched.until('valid good')
  })

  it('leaves problems that have a place there', async () => {
    const problems = [2, 3].map((line) => {
      const severity = 'error' as const
      return { file: 'm.yaml', line, column: 1, path: 'a', reason: 'is not offered', severity }
    })
    const error = appErrors.UNKNOWN_NAMES({ problems })
    await using watched = watchedFolder({ failFor: 'bad', error })
    writeFileSync(watched.file, text('bad'))
    await watched.until('invalid m.yaml:2:1 a: is not offered,m.yaml:3:1 a: is not offered')
  })

  it('tells once of a file that stays away', async () => {
    await using watched = watchedFolder()
    rmSync(watched.file)
    await watched.until('missing ENOENT')
    await watched.watch.check()
    await watched.watch.check()
    assert.deepEqual(watched.events, ['missing ENOENT'])
    writeFileSync(watched.file, text('one'))
    await watched.watch.check()
    rmSync(watched.file)
    watched.events.length = 0
    await watched.until('missing ENOENT')
  })

  it('tells nothing after it was closed', async () => {
    await using watched = watchedFolder()
    await watched.watch.close()
    writeFileSync(watched.file, text('two'))
    await sleep(50)
    await watched.watch.check()
    assert.deepEqual(watched.events, [])
  })
})

function watchedFolder(
  options: { configMap?: boolean; failFor?: string; error?: Error; missingMs?: number } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'thv-watch-'))
  const file = join(folder, 'vmcp.yaml')
  if (options.configMap) {
    mkdirSync(join(folder, '..v1'))
    writeFileSync(join(folder, '..v1', 'vmcp.yaml'), text('one'))
    symlinkSync('..v1', join(folder, '..data'))
    symlinkSync(join('..data', 'vmcp.yaml'), file)
  } else {
    writeFileSync(file, text('one'))
  }
  const events: string[] = []
  const watch = watchConfig(
    file,
    {
      onValid({ name }) {
        if (name === options.failFor) throw options.error ?? new Error('no')
        events.push(`valid ${name}`)
      },
      onMissing: (error) => void events.push(`missing ${(error as { code?: string }).code}`),
      onInvalid: (problems) => void events.push(`invalid ${problems.map(renderProblem).join()}`),
    },
    {
      env: {},
      readFile: (path) => readFile(path),
      listFolder: (path) => readdir(path),
      current: { bytes: readFileSync(file), manifests: [] },
      debounceMs: 10,
      pollMs: 50,
      missingMs: options.missingMs ?? 50,
    },
  )
  return {
    folder,
    file,
    events,
    watch,
    async until(event: string): Promise<void> {
      const end = performance.now() + 5000
      while (!events.includes(event)) {
        assert.ok(performance.now() < end, `never told "${event}", but ${JSON.stringify(events)}`)
        await sleep(5)
      }
    },
    async [Symbol.asyncDispose]() {
      await watch.close()
      rmSync(folder, { recursive: true })
    },
  }
}
