import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Dispatcher } from 'undici'
import type { CallDispatcher } from './http-call.ts'
import { createOutbound } from './outbound.ts'

describe('createOutbound', () => {
  let dir: string
  let tls: Server
  let plain: Server
  let waiting: (() => void)[] = []

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'outbound-'))
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    execFileSync(
      'openssl',
      ['req', '-x509', ...ec, '-keyout', key, '-out', cert, '-days', '2', ...subject],
      { stdio: 'ignore' },
    )
    tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
      response.end('secret'),
    )
    plain = createServer((request, response) => {
      if (request.url === '/hold') waiting.push(() => response.end('held'))
      else response.end('open')
    })
    await Promise.all(
      [tls, plain].map((server) => new Promise<void>((resolve) => server.listen(0, resolve))),
    )
  })

  after(async () => {
    for (const server of [tls, plain]) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
    rmSync(dir, { recursive: true })
  })

  it('trusts the anchors of the bundle in addition, and only for targets that name it', async () => {
    const outbound = createOutbound()
    const origin = `https://localhost:${portOf(tls)}`
    const caBundlePath = join(dir, 'cert.pem')
    assert.equal(await get(outbound.calls({ origin, caBundlePath }), '/'), 'secret')
    await assert.rejects(get(outbound.calls({ origin }), '/'), /self-signed/)
    await outbound.close()
  })

  it('refuses a private address behind a name that came from outside, while connecting', async () => {
    const outbound = createOutbound()
    const origin = `http://localhost:${portOf(plain)}`
    assert.equal(await get(outbound.calls({ origin }), '/'), 'open')
    await assert.rejects(get(outbound.calls({ origin, outside: true }), '/'), /not public/)
    await outbound.close()
  })

  it('lets calls wait in line, but never streams', async () => {
    const outbound = createOutbound({ maxConnections: 1 })
    const target = { origin: `http://localhost:${portOf(plain)}` }
    const held = get(outbound.calls(target), '/hold')
    let second = ''
    const waits = get(outbound.calls(target), '/').then((body) => (second = body))
    assert.equal(await get(outbound.streams(target), '/'), 'open')
    assert.equal(second, '')
    for (const release of waiting.splice(0)) release()
    assert.equal(await held, 'held')
    assert.equal(await waits, 'open')
    await outbound.close()
  })

  it('ends open streams when it is closed', async () => {
    const outbound = createOutbound()
    const stream = get(outbound.streams({ origin: `http://localhost:${portOf(plain)}` }), '/hold')
    const rejected = assert.rejects(stream)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await outbound.close()
    await rejected
    waiting = []
  })
})

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function get(dispatcher: CallDispatcher | Dispatcher, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = ''
    dispatcher.dispatch(
      { method: 'GET', path, headers: [], body: null },
      {
        onRequestStart() {},
        onRequestSent() {},
        onResponseStart() {},
        onResponseData: (_, chunk) => void (body += chunk.toString()),
        onResponseEnd: () => resolve(body),
        onResponseError: (_, error) => reject(error),
      },
    )
  })
}
