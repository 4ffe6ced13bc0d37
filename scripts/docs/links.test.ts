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

it('finds none in our pages', () => {
  const pages = globSync(['*.md', 'docs/**/*.md', '.changes/*.md'])
  const dead = pages.flatMap((page) => deadLinks(page, readFileSync(page, 'utf8'), existsSync))
  assert.deepEqual(dead, [])
})
