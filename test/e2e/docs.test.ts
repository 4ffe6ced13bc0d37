import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { testedBlocks } from '../../scripts/docs/tested-blocks.ts'
import type { TestedBlock } from '../../scripts/docs/tested-blocks.ts'
import { freePort } from '../../scripts/support/free-port.ts'
import { modernCall } from '../../scripts/support/modern-call.ts'
import { run, start } from '../../scripts/support/program.ts'
import type { Program } from '../../scripts/support/program.ts'
import { waitFor, waitForHttp } from '../../scripts/support/wait-for.ts'

const hasHaproxy = spawnSync('haproxy', ['-v']).status === 0
const PAGES = ['README.md', ...globSync('docs/guides/*.md')]

/**
 * The examples of the docs marked `tested`: a configuration passes `vmcp validate`, JSON parses, commands work
 * against the running quickstart.
 */
describe('the examples of the docs', () => {
  let dir = ''
  let port = 0
  let quickstart: Program

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'thv-docs-'))
    port = await freePort()
    quickstart = start('node', ['scripts/start.ts', '--port', String(port)], {
      env: { ...process.env, XDG_DATA_HOME: dir },
    })
    const ready = `http://127.0.0.1:${port}/readyz`
    await waitForHttp(ready, 60_000, () => JSON.stringify(quickstart.output()))
  })

  after(async () => {
    await quickstart[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  for (const page of PAGES) {
    for (const block of testedBlocks(readFileSync(page, 'utf8'))) {
      const skip =
        block.language === 'haproxy' && !hasHaproxy
          ? 'haproxy is not installed: apt-get install haproxy'
          : false
      it(`${page}:${block.line} (${block.language}) works`, { skip }, () => check(block))
    }
  }

  it('README.md shows what npm start prints', async () => {
    const printed = await waitFor(
      () => {
        const { stdout } = quickstart.output()
        return stdout.includes('Ctrl-C') ? stdout : undefined
      },
      30_000,
      () => JSON.stringify(quickstart.output()),
    )
    const shown = printed.trim().replaceAll(String(port), '4483')
    assert.ok(readFileSync('README.md', 'utf8').includes(shown), shown)
  })

  it('README.md shows the composite tool of the quickstart, and what it gives', async () => {
    const readme = readFileSync('README.md', 'utf8')
    const file = readFileSync('examples/quickstart/vmcp.yaml', 'utf8')
    const [definition] = /^compositeTools:\n(?: .*\n)+/m.exec(file) ?? []
    assert.ok(definition !== undefined && readme.includes(definition), definition)
    const tool = { name: 'folder_report', arguments: { lines: 1 } }
    const { result } = await modernCall(`http://127.0.0.1:${port}/mcp`, 'tools/call', tool)
    const given = result?.['structuredContent'] as { begins: { name: string }[] }
    const shown = testedBlocks(readme)
      .filter(({ language }) => language === 'json')
      .map(({ text }) => JSON.parse(text) as typeof given)
      .find(({ begins }) => begins !== undefined)
    // The memory server writes its file there once it is used.
    const begins = given.begins.filter(({ name }) => name !== 'memory.jsonl')
    assert.deepEqual(begins, shown?.begins)
    assert.deepEqual(Object.keys(given), Object.keys(shown ?? {}))
  })

  async function check({ language, text }: TestedBlock): Promise<void> {
    switch (language) {
      case 'json':
        JSON.parse(text)
        return
      case 'yaml': {
        const file = join(dir, 'vmcp.yaml')
        await writeFile(file, text)
        await succeeds('node', ['src/cli/main.ts', 'vmcp', 'validate', '-c', file])
        return
      }
      case 'sh': {
        const output = await succeeds('bash', ['-euc', text.replaceAll('4483', String(port))])
        assert.doesNotMatch(output, /"error":\s*\{/)
        return
      }
      case 'haproxy': {
        const file = join(dir, 'haproxy.cfg')
        await writeFile(file, text)
        await succeeds('haproxy', ['-c', '-f', file])
        return
      }
      default:
        assert.fail(`Nobody knows how to test ${language}`)
    }
  }
})

async function succeeds(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args)
  assert.equal(code, 0, `${stdout}\n${stderr}`)
  return stdout
}
