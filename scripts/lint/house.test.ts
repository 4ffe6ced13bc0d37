import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { it } from 'node:test'

const FIXTURES = 'scripts/testing/fixtures/lint'

it('reports every planted fault of the fixtures at its line, and nothing else', async () => {
  assert.deepEqual(await lint(), await expected())
})

/** Runs oxlint with only our rules; one `file:line rule` per finding. */
async function lint(): Promise<string[]> {
  const args = [
    '--disable-nested-config',
    '-c',
    'scripts/testing/lint-house.json',
    '-f',
    'json',
    FIXTURES,
  ]
  const output = await new Promise<string>((resolve) => {
    execFile('node_modules/.bin/oxlint', args, (_found, stdout) => resolve(stdout))
  })
  const { diagnostics } = JSON.parse(output) as {
    diagnostics: { code: string; filename: string; labels: [{ span: { line: number } }] }[]
  }
  return diagnostics.map((d) => `${d.filename}:${d.labels[0].span.line} ${d.code}`).sort()
}

/** What the `// expect: rule` comments of the fixtures ask for. */
async function expected(): Promise<string[]> {
  const files = await readdir(FIXTURES)
  const found = await Promise.all(
    files.map(async (file) => {
      const lines = (await readFile(`${FIXTURES}/${file}`, 'utf8')).split('\n')
      return lines.flatMap((line, index) => {
        const rule = line.split('// expect: ')[1]
        return rule === undefined ? [] : [`${FIXTURES}/${file}:${index + 1} ${rule}`]
      })
    }),
  )
  return found.flat().sort()
}
