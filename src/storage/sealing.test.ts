import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createSealer, parseSealingKey } from './sealing.ts'

const key = (id: string) => ({ id, key: randomBytes(32) })
const a = key('a')
const b = key('b')
/** Any text that UTF-8 can carry. */
const anyText = fc.string({ unit: 'binary' })

describe('createSealer()', () => {
  it('opens what it sealed, at the same place only', () => {
    const sealer = createSealer([a])
    fc.assert(
      fc.property(anyText, anyText, anyText, (text, place, other) => {
        const sealed = sealer.seal(text, place)
        assert.deepEqual(sealer.open(sealed, place), { text, stale: false })
        if (other !== place) assert.equal(sealer.open(sealed, other), undefined)
      }),
    )
  })

  it('opens nothing that was changed, in whichever place', () => {
    const sealer = createSealer([a, b])
    fc.assert(
      fc.property(anyText, fc.nat(), fc.integer({ min: 1, max: 127 }), (text, where, by) => {
        const sealed = sealer.seal(text, 'p')
        const at = where % sealed.length
        const changed = String.fromCharCode(sealed.charCodeAt(at) ^ by)
        const forged = sealed.slice(0, at) + changed + sealed.slice(at + 1)
        assert.equal(sealer.open(forged, 'p'), undefined)
        assert.equal(sealer.open(sealed.slice(0, at), 'p'), undefined)
      }),
    )
  })

  it('opens nothing it did not make, and throws at nothing', () => {
    const sealer = createSealer([a])
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          anyText.map((text) => `s1.a.${text}`),
          fc.base64String().map((text) => `s1.a.${text}`),
        ),
        (junk) => assert.equal(sealer.open(junk, 'p'), undefined),
      ),
    )
  })

  it('shows neither text nor place, and never the same twice', () => {
    const sealer = createSealer([a])
    const one = sealer.seal('a secret text', 'a secret place')
    assert.match(one, /^s1\.a\.[A-Za-z0-9_-]+$/)
    assert.ok(!Buffer.from(one.slice(5), 'base64url').toString('latin1').includes('secret'))
    assert.notEqual(one, sealer.seal('a secret text', 'a secret place'))
  })

  it('rotates: the new key seals, the old one still opens and says so, until it is taken away', () => {
    const before = createSealer([a]).seal('text', 'p')
    const both = createSealer([b, a])
    assert.deepEqual(both.open(before, 'p'), { text: 'text', stale: true })
    const after = both.seal('text', 'p')
    const only = createSealer([b])
    assert.deepEqual(only.open(after, 'p'), { text: 'text', stale: false })
    assert.equal(only.open(before, 'p'), undefined)
    // The id alone opens nothing.
    assert.equal(createSealer([{ ...b, id: 'a' }]).open(before, 'p'), undefined)
  })
})

describe('parseSealingKey()', () => {
  it('reads 32 bytes in base64, base64url and hexadecimal, with white space around', () => {
    for (let n = 0; n < 20; n++) {
      const bytes = randomBytes(32)
      for (const encoding of ['base64', 'base64url', 'hex'] as const) {
        assert.deepEqual(parseSealingKey(` ${bytes.toString(encoding)}\n`), bytes)
      }
    }
  })

  it('refuses everything else', () => {
    for (const text of [
      '',
      'secret',
      'a'.repeat(63),
      randomBytes(31).toString('base64'),
      randomBytes(33).toString('hex'),
      '!'.repeat(43),
    ]) {
      assert.equal(parseSealingKey(text), undefined, text)
    }
  })
})
