import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RolldownOutput } from 'rolldown'

/** The licence texts of all packages that ended up in the bundle, one after the other, by name. */
export function licencesOf({ output }: RolldownOutput): string {
  const folders = new Set<string>()
  for (const chunk of output) {
    if (chunk.type !== 'chunk') continue
    for (const id of chunk.moduleIds) {
      const folder = /^.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0]
      if (folder !== undefined) folders.add(folder)
    }
  }
  return [...folders].map(describe).sort().join('\n')
}

function describe(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string
    version: string
    license?: string
  }
  const [file] = globSync('{LICENSE,LICENCE,license,licence}*', { cwd: folder })
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()
  const title = `${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})`
  return `${title}\n${'='.repeat(title.length)}\n\n${text}\n`
}
