import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createSealer, deriveKey } from './sealer.ts'

const SECRET = Buffer.from('a secret of at least 32 characters, says the guide')

describe('createSealer()', () => {
  it('opens what it sealed, at the place it was sealed for', () => {
    const sealer = createSealer(SECRET)
    const sealed = sealer.seal('token', 'place')
    assert.equal(sealer.open(sealed, 'place'), 'token')
    assert.equal(createSealer(SECRET).open(sealed, 'place'), 'token')
    assert.doesNotMatch(sealed, /token/)
    assert.notEqual(sealer.seal('token', 'place'), sealed)
  })

  it('opens nothing else', () => {
    const sealer = createSealer(SECRET)
    const sealed = sealer.seal('token', 'place')
    assert.equal(sealer.open(sealed, 'elsewhere'), undefined)
    assert.equal(createSealer(Buffer.from('other')).open(sealed, 'place'), undefined)
    assert.equal(
      sealer.open(sealed.replace(/.$/, sealed.endsWith('A') ? 'Q' : 'A'), 'place'),
      undefined,
    )
    for (const text of ['', 'x', 'AAAA']) assert.equal(sealer.open(text, 'place'), undefined)
  })

  it('uses another key for each purpose', () => {
    assert.notDeepEqual(deriveKey(SECRET, 'link'), deriveKey(SECRET, 'store'))
  })
})
