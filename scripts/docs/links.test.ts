import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { it } from 'node:test'
import { deadLinks } from './links.ts'

it('finds relative links to files that are not there', () => {
  const page = '[a](../a.md#part) [web](https://example.com) [here](#part)\n\n[b](b.md), [c](c/)'
  const exists = (path: string): boolean => path === 'docs/a.md'
  assert.deepEqual(deadLinks('docs/guides/page.md', page, exists), [
    { page: 'docs/guides/page.md', line: 3, target: 'docs/guides/b.md' },
    { page: 'docs/guides/page.md', line: 3, target: 'docs/guides/c/' },
  ])
})

/** Written by `npm run bench`, which takes long and asks for a machine of its own. */
const WRITTEN_LATER = 'docs/reference/benchmarks.md'

it('finds none in our pages', () => {
  const exists = (path: string): boolean => path === WRITTEN_LATER || existsSync(path)
  const pages = globSync(['*.md', 'docs/**/*.md', '.changes/*.md'])
  const dead = pages.flatMap((page) => deadLinks(page, readFileSync(page, 'utf8'), exists))
  assert.deepEqual(dead, [])
})
