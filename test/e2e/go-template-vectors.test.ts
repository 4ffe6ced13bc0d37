import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findGo } from '../../scripts/vectors/find-go.ts'
import { renderCorpus } from '../../scripts/vectors/go-template.ts'
import { readVectors } from '../../src/template/testing/vectors.ts'

const go = findGo()
const NO_GO = go === undefined && 'Go is not installed; put Go 1.26 into /usr/local/go'

describe('the vectors of templates', { skip: NO_GO }, () => {
  // Compiling text/template for the first time takes a while on a busy machine.
  it('are what Go makes of the corpus', { timeout: 300_000 }, async () => {
    const known = new Set(readVectors().map((vector) => JSON.stringify(vector)))
    const now = await renderCorpus(go!)
    const changed = now.filter((vector) => !known.has(JSON.stringify(vector)))
    assert.deepEqual(changed, [], 'look at what changed, then run `npm run vectors`')
    assert.equal(now.length, known.size)
  })
})
