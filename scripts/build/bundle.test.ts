import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { bundle } from './bundle.ts'
import { launcher } from './launcher.ts'

const MAIN = `
  import { execFileSync } from 'node:child_process'
  import { fileURLToPath } from 'node:url'
  const helper = fileURLToPath(new URL('./room/guard.ts', import.meta.url))
  const { late } = await import('./late.ts')
  const version: string = '1'
  console.log(version, late(), execFileSync(process.execPath, [helper], { encoding: 'utf8' }).trim())
`
const FILES = {
  'main.ts': MAIN,
  'late.ts': "export const late = (): string => 'late'\n",
  'room/guard.ts': "import { late } from '../late.ts'\nconsole.log(`guarded ${late()}`)\n",
}

it('bundles an executable whose helper scripts and lazy parts work from the bundle alone', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'thv-bundle-'))
  try {
    await mkdir(join(dir, 'room'))
    for (const [name, text] of Object.entries(FILES)) await writeFile(join(dir, name), text)
    const outDir = join(dir, 'dist')
    await bundle({ entries: { thing: join(dir, 'main.ts') }, outDir })
    assert.deepEqual(
      (await readdir(outDir)).filter((name) => !name.includes('-')),
      ['guard.js', 'thing.js'],
    )
    await rm(join(dir, 'room'), { recursive: true })
    assert.equal(await run(join(outDir, 'thing.js')), '1 late guarded late\n')
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

it('starts the bundle on a new Node and says what is missing on an old one', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'thv-launcher-'))
  try {
    await writeFile(join(dir, 'package.json'), '{"type":"module"}')
    await writeFile(join(dir, 'thing-main.js'), "console.log('started')")
    await writeFile(join(dir, 'new.js'), launcher('thing', 24))
    await writeFile(join(dir, 'old.js'), launcher('thing', 1000))
    assert.equal(await run(join(dir, 'new.js')), 'started\n')
    await assert.rejects(run(join(dir, 'old.js')), {
      code: 1,
      stdout: '',
      stderr: /needs Node 1000/,
    })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

it('keeps compiled code in a folder that nobody else can write to', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'thv-launcher-'))
  try {
    await writeFile(join(dir, 'package.json'), '{"type":"module"}')
    await writeFile(
      join(dir, 'thing-main.js'),
      `console.log('started')\n${'// long\n'.repeat(500)}`,
    )
    await writeFile(join(dir, 'thing.js'), launcher('thing', 24))
    const kept = join(dir, 'toolhive', 'compiled')
    const env = { ...process.env, XDG_CACHE_HOME: dir, NODE_COMPILE_CACHE: undefined }
    assert.equal(await run(join(dir, 'thing.js'), env), 'started\n')
    assert.notDeepEqual(await readdir(kept), [])

    await rm(kept, { recursive: true })
    await mkdir(kept)
    await chmod(kept, 0o777)
    assert.equal(await run(join(dir, 'thing.js'), env), 'started\n')
    assert.deepEqual(await readdir(kept), [])

    const nowhere = { ...env, XDG_CACHE_HOME: join(dir, 'thing.js') }
    assert.equal(await run(join(dir, 'thing.js'), nowhere), 'started\n')
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

const NOTHING_KEPT: NodeJS.ProcessEnv = { ...process.env, NODE_COMPILE_CACHE: '' }

/** By default nothing is kept: the launcher leaves it to Node, which keeps nothing for an empty name. */
async function run(path: string, env = NOTHING_KEPT): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [path], { env })
  return stdout
}
