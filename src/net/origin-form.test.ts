import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toOriginForm } from './origin-form.ts'

function made(url: string) {
  const request = { url, headers: { host: 'a.example', accept: '*/*' } }
  toOriginForm(request)
  return [request.url, request.headers.host, request.headers.accept]
}

describe('toOriginForm()', () => {
  it('takes path, query and host of an absolute target', () => {
    assert.deepEqual(made('http://b.example:81/mcp?x=1'), ['/mcp?x=1', 'b.example:81', '*/*'])
    assert.deepEqual(made('HTTP://b.example'), ['/', 'b.example', '*/*'])
  })

  it('leaves everything else alone', () => {
    for (const url of ['/mcp', '//b.example/mcp', '*', 'b.example:443', 'ftp://b.example/mcp', ''])
      assert.deepEqual(made(url), [url, 'a.example', '*/*'])
  })
})
