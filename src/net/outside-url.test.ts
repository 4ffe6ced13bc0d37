import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { guardedLookup, isPublicAddress, outsideUrlProblem } from './outside-url.ts'
import { sameHostRedirect } from './redirect.ts'

describe('isPublicAddress', () => {
  const inside = [
    '127.0.0.1',
    '127.9.9.9',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::',
    '2002:a9fe:a9fe::',
    '::127.0.0.1',
    'not an address',
  ]
  for (const address of inside) {
    it(`refuses ${address}`, () => assert.equal(isPublicAddress(address), false))
  }
  for (const address of [
    '1.1.1.1',
    '172.32.0.1',
    '192.169.0.1',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
  ]) {
    it(`allows ${address}`, () => assert.equal(isPublicAddress(address), true))
  }
})

describe('outsideUrlProblem', () => {
  const refused = [
    'file:///etc/passwd',
    'http://127.0.0.1/',
    'http://[::1]/',
    'http://localhost/',
    'http://x.localhost/',
    'http://user:secret@example.com/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::ffff:127.0.0.1]/',
  ]
  for (const url of refused) {
    it(`refuses ${url}`, () => assert.ok(outsideUrlProblem(new URL(url))))
  }
  it('allows an ordinary URL', () =>
    assert.equal(outsideUrlProblem(new URL('https://example.com/a')), undefined))
})

describe('guardedLookup', () => {
  it('refuses a name with a loopback address, whoever asks how', async () => {
    for (const all of [true, false]) {
      const error = await new Promise<NodeJS.ErrnoException | null>((resolve) =>
        guardedLookup('localhost', { all }, resolve),
      )
      assert.equal(error?.code, 'ENOTPUBLIC')
    }
  })
})

describe('sameHostRedirect', () => {
  const from = new URL('http://host.example:8080/mcp')
  it('follows 307 and 308 on the same host', () => {
    assert.equal(sameHostRedirect(from, 307, '/mcp/')?.href, 'http://host.example:8080/mcp/')
    assert.equal(
      sameHostRedirect(from, 308, 'https://host.example/mcp')?.href,
      'https://host.example/mcp',
    )
  })
  it('does not follow to another host or port, nor down to http, nor what turns POST into GET', () => {
    assert.equal(sameHostRedirect(from, 307, 'http://evil.example:8080/mcp'), undefined)
    assert.equal(sameHostRedirect(from, 307, 'http://host.example:9999/mcp'), undefined)
    assert.equal(sameHostRedirect(new URL('https://h/'), 307, 'http://h/'), undefined)
    assert.equal(sameHostRedirect(from, 302, '/mcp/'), undefined)
    assert.equal(sameHostRedirect(from, 307, undefined), undefined)
  })
})
