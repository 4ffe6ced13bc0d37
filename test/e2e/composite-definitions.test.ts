import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run } from '../../scripts/support/program.ts'
import { gatewayConfig } from '../support/gateway.ts'
import { startLab, type Lab } from '../support/lab.ts'
import { createTempDir, type TempDir } from '../support/temp-dir.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

const MANIFEST = `apiVersion: toolhive.stacklok.dev/v1alpha1
kind: VirtualMCPCompositeToolDefinition
metadata: { name: shared }
spec:
  name: shared_tool
  description: d
  steps:
    - { id: first, tool: look }
    - { id: second, tool: look, dependsOn: [first], condition: '{{.steps.first.output.ok}}' }
`

let folder: TempDir
let lab: Lab
before(async () => {
  folder = await createTempDir()
  lab = await startLab()
})
after(async () => {
  await lab?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})

const thv = (...args: string[]) => run(process.execPath, [CLI, ...args])

describe('composite tools in validate', () => {
  it('6.3: validate and serve find the same mistakes, in the file and in manifests beside it', async () => {
    const file = await written('wrong', {
      compositeTools: [
        composite({ steps: [{ id: 'a', tool: 'look', condition: '{{.steps.b.output.x}}' }] }),
      ],
      compositeToolRefs: [{ name: 'shared' }],
    })
    await writeFile(join(folder.path, 'shared.yaml'), MANIFEST.replace('.first.', '.frist.'))
    const results = [await thv('vmcp', 'validate', '-c', file)]
    results.push(await thv('vmcp', 'serve', '-c', file, '--port', '0'))
    for (const { code, stderr } of results) {
      assert.equal(code, 1)
      assert.match(
        stderr,
        /wrong\.yaml:\d+:\d+ compositeTools\[0\]\.steps\[0\]\.condition: there is no step "b"/,
      )
      assert.match(
        stderr,
        /shared\.yaml:9:67 spec\.steps\[1\]\.condition: there is no step "frist" \(did you mean "first"\?\)/,
      )
    }
  })

  it('6.6: warns of what cannot finish in time, and says that the file is valid', async () => {
    const loop = {
      id: 'each',
      type: 'forEach',
      collection: '{{.params.items}}',
      maxIterations: 1000,
      timeout: '1m',
      step: { id: 'one', tool: 'look' },
    }
    const parameters = { type: 'object', properties: { items: { type: 'array' } } }
    const file = await written('slow', {
      compositeTools: [composite({ parameters, steps: [loop] })],
      compositeToolRefs: [{ name: 'shared' }],
    })
    await writeFile(join(folder.path, 'shared.yaml'), MANIFEST)
    const { code, stdout, stderr } = await thv('vmcp', 'validate', '-c', file)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^✓ .*slow\.yaml is valid$/m)
    assert.match(stdout, /^ {2}Composite Tools: 2$/m)
    assert.match(
      stdout,
      /^ {2}warning: .*slow\.yaml:\d+:\d+ compositeTools\[0\]\.steps\[0\]\.timeout: 1000 iterations, 10 at once, are 100 rounds of up to 30s = 50m0s, but its timeout is 1m0s/m,
    )
    const json = await thv('vmcp', 'validate', '-c', file, '--format', 'json')
    const facts = JSON.parse(json.stdout)
    assert.deepEqual(facts.compositeTools, ['made_here', 'shared_tool'])
    assert.equal(facts.warnings.length, 1)
    assert.equal(facts.warnings[0].severity, 'warning')
  })

  it('6.10, 6.11: --live finds unknown tools, names that are taken, and hints that claim too much', async () => {
    const file = await written('live', {
      compositeTools: [
        composite({ steps: [{ id: 'a', tool: 'lok' }] }),
        composite({ name: 'count', steps: [{ id: 'a', tool: 'lab.look' }] }),
        composite({
          name: 'safe',
          annotations: { readOnlyHint: true },
          steps: [
            { id: 'a', tool: 'look' },
            { id: 'b', tool: 'write' },
          ],
        }),
        composite({ name: 'fine', steps: [{ id: 'a', tool: 'look', arguments: { any: 1 } }] }),
      ],
    })
    const alone = await thv('vmcp', 'validate', '-c', file)
    assert.equal(alone.code, 0, alone.stderr)
    const { code, stderr } = await thv('vmcp', 'validate', '-c', file, '--live')
    assert.equal(code, 1)
    assert.match(
      stderr,
      /compositeTools\[0\]\.steps\[0\]\.tool: no backend has a tool "lok".*did you mean "look"/,
    )
    assert.match(stderr, /compositeTools\[1\]\.name: a backend has a tool "count"/)
    assert.match(stderr, /compositeTools\[2\]\.annotations\.readOnlyHint: claims true.*\(write\)/)
    assert.doesNotMatch(stderr, /compositeTools\[3\]/)
  })
})

function composite(more: Record<string, unknown>): Record<string, unknown> {
  return { name: 'made_here', description: 'd', ...more }
}

async function written(name: string, more: Record<string, unknown>): Promise<string> {
  const file = join(folder.path, `${name}.yaml`)
  await writeFile(file, gatewayConfig({ lab: lab.entry }, more))
  return file
}
