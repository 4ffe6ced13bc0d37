import assert from 'node:assert/strict'
import { it } from 'node:test'
import { rewriteBuiltinImports } from './builtin-modules.ts'

it('takes what Node brings without an import, in every form that the bundler writes', () => {
  const code = [
    'import { createServer, request as ask } from "node:http";',
    'import fs from "node:fs";',
    'import * as path from "node:path";',
    'import { sleep } from "./sleep-1.js";',
    'const text = `import { createServer } from "node:http";`;',
  ].join('\n')
  assert.equal(
    rewriteBuiltinImports(code),
    [
      'const { createServer, request: ask } = process.getBuiltinModule("node:http");',
      'const fs = process.getBuiltinModule("node:fs");',
      'const path = process.getBuiltinModule("node:path");',
      'import { sleep } from "./sleep-1.js";',
      'const text = `import { createServer } from "node:http";`;',
    ].join('\n'),
  )
})
