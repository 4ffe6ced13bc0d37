import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createTemplateMatcher } from './uri-template.ts'

const MATCHES: [template: string, uri: string][] = [
  ['plain://a', 'plain://a'],
  ['file:///{name}', 'file:///a.txt'],
  ['file:///{name}', 'file:///a%20b'],
  ['file:///{name}', 'file:///'],
  ['x://{a,b}', 'x://1,2'],
  ['x://{a}-{b}', 'x://1-2-3'],
  ['file://{+path}', 'file:///etc/hosts?x#y'],
  ['x://a{#part}', 'x://a#p/q'],
  ['x://a{#part}', 'x://a'],
  ['x://a{.ext}', 'x://a.txt'],
  ['x://a{/b}', 'x://a/b'],
  ['x://a{/b}', 'x://a'],
  ['x://a{/b,c}', 'x://a/b/c'],
  ['x://a{/path*}', 'x://a/b/c/d'],
  ['x://a{;p,q}', 'x://a;p=1;q=2'],
  ['x://a{?q,limit}', 'x://a?limit=2&q=x%20y'],
  ['x://a{?q,limit}', 'x://a'],
  ['x://a?k=1{&q}', 'x://a?k=1&q=2'],
  ['x://{name:3}/z', 'x://abc/z'],
  ['users://{id}/items/{item}', 'users://7/items/9'],
]

const DIFFERENCES: [template: string, uri: string][] = [
  ['plain://a', 'plain://A'],
  ['plain://a', 'plain://ab'],
  ['file:///{name}', 'file:///a/b'],
  ['file:///{name}', 'files:///a'],
  ['users://{id}/items/{item}', 'users://7/item/9'],
  ['x://a{/b}', 'x://a/b/c'],
  ['x://a{?q}', 'x://ab'],
  ['x://a.b/{c}', 'x://aXb/c'],
]

const BROKEN = [
  'x://{',
  'x://}',
  'x://{}',
  'x://{a',
  'x://{a}}',
  'x://{=a}',
  'x://{a b}',
  'x://{{a}}',
]

describe('createTemplateMatcher', () => {
  for (const [template, uri] of MATCHES) {
    it(`${template} matches ${uri}`, () =>
      assert.equal(createTemplateMatcher(template)?.(uri), true))
  }
  for (const [template, uri] of DIFFERENCES) {
    it(`${template} does not match ${uri}`, () =>
      assert.equal(createTemplateMatcher(template)?.(uri), false))
  }
  for (const template of BROKEN) {
    it(`refuses ${template}`, () => assert.equal(createTemplateMatcher(template), undefined))
  }

  it('matches every simple expansion', () => {
    const value = fc.string().map(encodeURIComponent)
    const literal = fc.stringMatching(/^[a-z0-9/:.+*()-]{0,8}$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(literal, value), { maxLength: 5 }), literal, (parts, end) => {
        const template = parts.map(([text], i) => `${text}{v${i}}`).join('') + end
        const uri = parts.map(([text, each]) => text + each).join('') + end
        assert.equal(createTemplateMatcher(template)?.(uri), true)
      }),
    )
  })

  it('answers hostile templates in time that does not explode', () => {
    const matches = createTemplateMatcher('{+a}{+b}{+c}{+d}{+e}{+f}{+g}{+h}!')
    const start = performance.now()
    assert.equal(matches?.('a'.repeat(8000)), false)
    assert.ok(performance.now() - start < 1000)
  })
})
