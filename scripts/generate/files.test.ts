import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { generatedFiles } from './files.ts'

const ROOT = new URL('../../', import.meta.url)

describe('generated files', () => {
  for (const { path, content } of generatedFiles()) {
    it(`has ${path} in step with the source`, () => {
      const hint = 'run: npm run generate'
      assert.equal(readFileSync(new URL(path, ROOT), 'utf8'), content, hint)
    })
  }

  it('describes a file that has every key', () => {
    const file = generatedFiles().find(({ path }) => path.endsWith('.schema.json'))
    const check = new Ajv2020({ strict: false, formats: { 'go-duration': true } }).compile(
      JSON.parse(file?.content ?? '') as object,
    )
    const everyKey = new URL('src/app/config/testing/every-key.yaml', ROOT)
    check(parse(readFileSync(everyKey, 'utf8')))
    assert.deepEqual(check.errors, null)
    assert.equal(check({ name: 'x' }), false)
  })
})
