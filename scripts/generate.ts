import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { generatedFiles } from './generate/files.ts'

/** Writes every file that is generated from the source. A test compares them, so run this after changing a schema. */
for (const { path, content } of generatedFiles()) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  console.log(path)
}
