import { chmodSync, writeFileSync } from 'node:fs'
import { bundle } from './build/bundle.ts'
import { launcher } from './build/launcher.ts'
import { licencesOf } from './build/licences.ts'

/** Bundles the executables into `dist/` (docs/decisions/006). Prints the size of each file. */
const OLDEST_NODE = 24
const EXECUTABLES = { thv: 'src/cli/main.ts', vmcp: 'src/cli/vmcp.ts' }

const entries = Object.entries(EXECUTABLES).map(([name, source]) => [`${name}-main`, source])
const output = await bundle({ entries: Object.fromEntries(entries), outDir: 'dist' })
for (const name of Object.keys(EXECUTABLES)) {
  writeFileSync(`dist/${name}.js`, launcher(name, OLDEST_NODE))
  chmodSync(`dist/${name}.js`, 0o755)
}
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licencesOf(output))

for (const file of output.output)
  if (file.type === 'chunk')
    console.log(`dist/${file.fileName}  ${Math.ceil(Buffer.byteLength(file.code) / 1024)} KiB`)
