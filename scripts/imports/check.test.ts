import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkImports } from './check.ts'
import { readSource } from './source-file.ts'

const PACKAGES = {
  yaml: {},
  '@scope/name': {},
  zod: { where: /^src\/schema\//, reason: 'it is slow to load' },
}

/** Checks a repository given as path → text; one `path:line rule` per problem. */
function check(files: Record<string, string>): string[] {
  const sources = Object.entries(files).map(([path, text]) => readSource(path, text))
  return checkImports(sources, PACKAGES, (path) => path === 'package.json').map(
    (problem) => `${problem.path}:${problem.line} ${problem.rule}`,
  )
}

const LEAF = 'export const x = 1\n'

describe('floors', () => {
  it('lets a file import front files of lower floors and anything of its own folder', () => {
    const files = {
      'src/gateway/pool/a.ts': "import { x } from '../b.ts'\nimport { y } from './c.ts'\n",
      'src/gateway/b.ts':
        "import type { X } from '../mcp/call.ts'\nimport { x } from './pool/c.ts'\n",
      'src/gateway/pool/c.ts': LEAF,
      'src/mcp/call.ts': "import { x } from '../base/json.ts'\n",
      'src/base/json.ts': LEAF,
    }
    assert.deepEqual(check(files), [])
  })

  it('refuses the same floor, a higher floor and a folder without a floor', () => {
    const files = {
      'src/net/a.ts': "import { x } from '../storage/s.ts'\n",
      'src/base/b.ts': "\nimport type { X } from '../mcp/call.ts'\n",
      'src/utils/u.ts': "import { x } from '../base/b.ts'\n",
      'src/storage/s.ts': LEAF,
      'src/mcp/call.ts': LEAF,
    }
    assert.deepEqual(check(files), [
      'src/base/b.ts:2 floor',
      'src/net/a.ts:1 floor',
      'src/utils/u.ts:1 floor',
    ])
  })

  it('sees import(), type imports inside types, re-exports and helper scripts as well', () => {
    const files = {
      'src/base/lazy.ts': "export const load = () => import('../app/x.ts')\n",
      'src/base/typed.ts': "export let x: import('../app/x.ts').X\n",
      'src/base/again.ts': "export { x } from '../app/x.ts'\nexport const y = 1\n",
      'src/base/helper.ts': "export const url = new URL('../app/x.ts', import.meta.url)\n",
      'src/app/x.ts': LEAF,
    }
    assert.deepEqual(check(files), [
      'src/base/again.ts:1 floor',
      'src/base/helper.ts:1 floor',
      'src/base/lazy.ts:1 floor',
      'src/base/typed.ts:1 floor',
    ])
  })
})

describe('private rooms', () => {
  it('keeps sub-folders to their folder, from src/ and from outside', () => {
    const files = {
      'src/app/a.ts': "import { x } from '../mcp/http/client.ts'\n",
      'test/e2e/b.test.ts': "import { x } from '../../src/mcp/http/client.ts'\n",
      'test/e2e/c.test.ts': "import { x } from '../../src/mcp/call.ts'\n",
      'src/mcp/http/client.ts': LEAF,
      'src/mcp/call.ts': LEAF,
    }
    assert.deepEqual(check(files), [
      'src/app/a.ts:1 private-room',
      'test/e2e/b.test.ts:1 private-room',
    ])
  })

  it('opens testing rooms of lower and equal floors to tests, and to nothing else', () => {
    const files = {
      'src/net/a.test.ts': "import { x } from '../storage/testing/fake.ts'\n",
      'src/gateway/b.test.ts': "import { x } from '../storage/testing/fake.ts'\n",
      'src/base/c.test.ts': "import { x } from '../storage/testing/fake.ts'\n",
      'src/gateway/d.ts': "import { x } from '../storage/testing/fake.ts'\n",
      'src/storage/e.ts': "import { x } from './testing/fake.ts'\n",
      'src/storage/testing/fake.ts': LEAF,
    }
    assert.deepEqual(check(files), [
      'src/base/c.test.ts:1 floor',
      'src/gateway/d.ts:1 testing',
      'src/storage/e.ts:1 testing',
    ])
  })

  it('keeps the product apart from what surrounds it', () => {
    const files = {
      'src/app/a.ts':
        "import { x } from '../../scripts/s.ts'\nimport p from '../../package.json' with { type: 'json' }\n",
      'src/app/b.test.ts':
        "import { x } from '../../scripts/s.ts'\nimport { y } from '../../test/fixtures/f.ts'\n",
      'scripts/s.ts': LEAF,
      'test/fixtures/f.ts': LEAF,
    }
    assert.deepEqual(check(files), ['src/app/a.ts:1 testing', 'src/app/b.test.ts:1 outside'])
  })
})

describe('files', () => {
  it('wants real names', () => {
    const files = {
      'src/base/a.ts':
        "import { x } from './b'\nimport { y } from './b.js'\nimport { z } from './gone.ts'\n",
      'src/base/b.ts': LEAF,
    }
    assert.deepEqual(check(files), [
      'src/base/a.ts:1 extension',
      'src/base/a.ts:2 extension',
      'src/base/a.ts:3 missing',
    ])
  })

  it('refuses barrels: index.ts, export *, and files that only re-export', () => {
    const files = {
      'src/base/index.ts': LEAF,
      'src/base/star.ts': "export * from './index.ts'\nexport const y = 1\n",
      'src/base/only.ts': "export { x } from './index.ts'\nexport type { X } from './star.ts'\n",
    }
    assert.deepEqual(check(files), [
      'src/base/index.ts:1 barrel',
      'src/base/only.ts:1 barrel',
      'src/base/star.ts:1 barrel',
    ])
  })

  it('reports a cycle once, type imports included, at the import that begins it', () => {
    const files = {
      'src/base/a.ts': "\nimport { x } from './b.ts'\n",
      'src/base/b.ts': "import type { X } from './c.ts'\n",
      'src/base/c.ts': "import { x } from './a.ts'\n",
      'src/base/d.ts': "import { x } from './a.ts'\n",
    }
    assert.deepEqual(check(files), ['src/base/a.ts:2 cycle'])
  })
})

describe('packages', () => {
  it('lets the product import its own packages only, and tests anything', () => {
    const files = {
      'src/base/a.ts':
        "import 'yaml/x'\nimport '@scope/name/y'\nimport 'node:fs'\nimport 'fast-check'\nimport 'fs'\n",
      'src/base/a.test.ts': "import 'fast-check'\n",
    }
    assert.deepEqual(check(files), ['src/base/a.ts:4 package', 'src/base/a.ts:5 package'])
  })

  it('keeps restricted packages where they belong', () => {
    const files = { 'src/schema/a.ts': "import 'zod'\n", 'src/mcp/b.ts': "import 'zod'\n" }
    assert.deepEqual(check(files), ['src/mcp/b.ts:1 package'])
  })
})

it('names the file of a text that cannot be parsed', () => {
  assert.throws(() => readSource('src/base/a.ts', 'import {'), /Cannot parse src\/base\/a\.ts/)
})
