import { writeFileSync } from 'node:fs'
import { findGo } from './vectors/find-go.ts'
import { renderCorpus } from './vectors/go-template.ts'

const FILE = 'src/template/testing/vectors.json'

/** Renders the corpus with Go's text/template and writes what comes out, for the tests of ours. Needs Go 1.26. */
const go = findGo()
if (go === undefined) {
  console.error('Go is missing: install Go 1.26, or put it on the path or into /usr/local/go')
  process.exitCode = 1
} else {
  // One a line, so that a change shows what changed.
  const lines = (await renderCorpus(go)).map((vector) => JSON.stringify(vector))
  writeFileSync(FILE, `[\n${lines.join(',\n')}\n]\n`)
  console.log(`${FILE}: ${lines.length} vectors`)
}
