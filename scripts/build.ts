import { chmodSync, writeFileSync } from 'node:fs'
import { bundle } from './build/bundle.ts'
import { licencesOf } from './build/licences.ts'

/** Bundles the executables into `dist/` (docs/decisions/006). Prints the size of each file. */
const output = await bundle({ entries: { thv: 'src/cli/main.ts' }, outDir: 'dist' })
chmodSync('dist/thv.js', 0o755)
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licencesOf(output))

for (const file of output.output)
  if (file.type === 'chunk')
    console.log(`dist/${file.fileName}  ${Math.ceil(Buffer.byteLength(file.code) / 1024)} KiB`)
