import { existsSync, globSync, readFileSync } from 'node:fs'
import { checkImports } from './imports/check.ts'
import { PRODUCT_PACKAGES } from './imports/packages.ts'
import { readSource } from './imports/source-file.ts'

/**
 * Checks who imports what: floors, private rooms, barrels, cycles, extensions, packages (see AGENTS.md).
 * Prints `file:line rule: message` per broken rule; exit code 1 when there is one.
 */
const paths = globSync('{src,test,bench,scripts,examples}/**/*.ts', {
  exclude: (path) => /node_modules|scripts.testing.fixtures/.test(path),
}).map((path) => path.replaceAll('\\', '/'))
const files = paths.map((path) => readSource(path, readFileSync(path, 'utf8')))

const problems = checkImports(files, PRODUCT_PACKAGES, existsSync)
for (const { path, line, rule, message } of problems)
  console.error(`${path}:${line} ${rule}: ${message}`)
if (problems.length > 0)
  console.error(`\n${problems.length} broken import rules in ${files.length} files`)
process.exitCode = problems.length > 0 ? 1 : 0
