import assert from 'node:assert/strict'
import { request, type RequestOptions } from 'node:https'
import { after, before, describe, it } from 'node:test'
import { makeCertificates, type Certificates } from '../fixtures/redis/certificates.ts'
import { startNearFleet, type NearFleet } from '../support/fleet.ts'
import { callIn, stdioLab } from '../support/lab-client.ts'
import { openSession } from '../support/raw-mcp.ts'

describe('a fleet with mutual TLS', () => {
  let certificates: Certificates
  let fleet: NearFleet
  before(async () => {
    certificates = await makeCertificates()
    const { ca, serverCert, serverKey } = certificates
    fleet = await startNearFleet({
      count: 2,
      backends: { local: stdioLab() },
      cluster: { tls: { certPath: serverCert, keyPath: serverKey, caPath: ca } },
    })
  })
  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
    await certificates?.[Symbol.asyncDispose]()
  })

  it('reaches what another replica has', async () => {
    const session = await openSession(fleet.url)
    for (let call = 1; call <= 4; call++) {
      assert.equal(await callIn(session, 'count'), String(call))
    }
  })

  it('talks to nobody without a certificate of its own', async () => {
    const [url = ''] = fleet.links()
    assert.match(url, /^https:/)
    await assert.rejects(ping(url, {}), 'none')
    const { clientKey, otherCa } = certificates
    const foreign = { cert: certificates.read(otherCa), key: certificates.read(clientKey) }
    await assert.rejects(ping(url, foreign), 'one that does not fit')
    const { clientCert } = certificates
    const own = { cert: certificates.read(clientCert), key: certificates.read(clientKey) }
    assert.equal(await ping(url, own), 401, 'and without the key of the fleet nothing is answered')
  })
})

function ping(url: string, certificate: RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { ...certificate, method: 'POST', rejectUnauthorized: false, timeout: 10_000 }
    const sent = request(`${url}/link/ping`, options, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    sent
      .on('error', reject)
      .on('timeout', () => sent.destroy(new Error('timed out')))
      .end()
  })
}
