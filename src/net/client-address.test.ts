import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createClientAddress, isAddressRange } from './client-address.ts'

const from = (remoteAddress: string | undefined, forwarded?: string | string[]) => ({
  socket: { remoteAddress },
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded as string },
})

describe('createClientAddress', () => {
  it('believes nobody by itself', () => {
    const address = createClientAddress([])
    assert.equal(address(from('127.0.0.1', '192.0.2.1')), '127.0.0.1')
    assert.equal(address(from(undefined, '192.0.2.1')), undefined)
  })

  const address = createClientAddress(['127.0.0.1', '10.0.0.0/8', 'fd00::/8'])
  const cases: [peer: string, header: string | string[] | undefined, client: string][] = [
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['127.0.0.1', '192.0.2.1', '192.0.2.1'],
    // A stranger may say what it likes.
    ['192.0.2.9', '192.0.2.1', '192.0.2.9'],
    // What the client itself sent stands before what the proxy added.
    ['127.0.0.1', '203.0.113.7, 192.0.2.1', '192.0.2.1'],
    // Through two proxies.
    ['127.0.0.1', '203.0.113.7, 192.0.2.1, 10.1.2.3', '192.0.2.1'],
    ['127.0.0.1', ['203.0.113.7', '192.0.2.1', '10.1.2.3'], '192.0.2.1'],
    ['127.0.0.1', '10.1.2.3', '10.1.2.3'],
    ['::ffff:127.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['fd00::1', '2001:db8::1', '2001:db8::1'],
    ['127.0.0.1', '192.0.2.1:4711', '192.0.2.1'],
    ['127.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['127.0.0.1', '[2001:db8::1]', '2001:db8::1'],
    // A hop that tells nothing ends the search at who told it.
    ['127.0.0.1', '192.0.2.1, unknown', '127.0.0.1'],
    ['127.0.0.1', '192.0.2.1, unknown, 10.0.0.5', '10.0.0.5'],
    ['127.0.0.1', '192.0.2.1,,', '127.0.0.1'],
    ['127.0.0.1', '', '127.0.0.1'],
  ]
  for (const [peer, header, client] of cases) {
    it(`finds ${client} behind ${peer} with ${JSON.stringify(header)}`, () => {
      assert.equal(address(from(peer, header)), client)
    })
  }
})

describe('isAddressRange', () => {
  it('knows addresses and CIDR ranges from anything else', () => {
    for (const good of ['127.0.0.1', '::1', '10.0.0.0/8', '0.0.0.0/0', '2001:db8::/128']) {
      assert.ok(isAddressRange(good), good)
    }
    for (const bad of [
      '',
      'proxy',
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '/8',
      '10.0.0.0/-1',
      '1.2.3',
    ]) {
      assert.ok(!isAddressRange(bad), bad)
    }
  })
})
