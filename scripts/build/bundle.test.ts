import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { bundle } from './bundle.ts'

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
    assert.match(await readFile(join(outDir, 'thing.js'), 'utf8'), /^#!\/usr\/bin\/env node\n/)
    assert.doesNotMatch(await readFile(join(outDir, 'guard.js'), 'utf8'), /^#!/)
    await rm(join(dir, 'room'), { recursive: true })
    assert.equal(await run(join(outDir, 'thing.js')), '1 late guarded late\n')
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

async function run(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [path])
  return stdout
}
