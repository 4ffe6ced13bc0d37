import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { findPortOwner } from './port-owner.ts'

describe('findPortOwner', { skip: process.platform === 'linux' ? false : 'reads /proc' }, () => {
  it('finds the process that listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const owner = await findPortOwner(port)
    assert.equal(owner?.pid, process.pid)
    assert.match(owner.command, /node/)
    server.close()
    await once(server, 'close')
    assert.equal(await findPortOwner(port), undefined)
  })

  it('does not know where there is no /proc', async () => {
    assert.equal(await findPortOwner(1, '/nowhere'), undefined)
  })
})
