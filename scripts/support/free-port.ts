import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A port nobody listens on at the moment, on loopback. */
export async function freePort(): Promise<number> {
  const port = await tryListen('127.0.0.1', 0)
  if (port === undefined) throw new Error('No free port')
  return port
}

/** Whether one could listen there at the moment; false as well for what is no port. */
export async function isFree(host: string, port: number): Promise<boolean> {
  return (await tryListen(host, port).catch(() => undefined)) !== undefined
}

/** Listens for a moment; the port, or undefined when that cannot be done. */
function tryListen(host: string, port: number): Promise<number | undefined> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo
      server.close(() => resolve(address.port))
    })
  })
}
