import { existsSync, globSync, readFileSync } from 'node:fs'
import { checkImports } from './imports/check.ts'
import { readSource } from './imports/source-file.ts'

/**
 * Checks who imports what (docs/decisions, AGENTS.md): floors, private rooms, barrels, cycles, extensions, packages.
 * Prints `file:line rule: message` per broken rule; exit code 1 when there is one.
 */
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  dependencies: Record<string, string>
}
const paths = globSync('{src,test,bench,scripts,examples}/**/*.ts', {
  exclude: (path) => path.includes('node_modules') || path.includes('fixtures/lint'),
}).map((path) => path.replaceAll('\\', '/'))
const files = paths.map((path) => readSource(path, readFileSync(path, 'utf8')))

const problems = checkImports(
  files,
  {
    runtime: new Set(Object.keys(manifest.dependencies)),
    restricted: {
      zod: {
        where: /^src\/(schema|api|app|cli|workflow)\/|\/config(\/|\.ts$|-[^/]*\.ts$)/,
        reason:
          'it costs 40 ms at start and is slow on the data plane; schemas live in schema/ and config.ts',
      },
    },
  },
  existsSync,
)
for (const { path, line, rule, message } of problems)
  console.error(`${path}:${line} ${rule}: ${message}`)
if (problems.length > 0)
  console.error(`\n${problems.length} broken import rules in ${files.length} files`)
process.exitCode = problems.length > 0 ? 1 : 0
