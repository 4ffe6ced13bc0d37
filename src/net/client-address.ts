import { BlockList, isIP } from 'node:net'
import type { HttpRequest } from './http-message.ts'

/** The address of the client that a request is from; undefined: its connection is gone. */
export type ClientAddress = (request: Pick<HttpRequest, 'headers' | 'socket'>) => string | undefined

/**
 * Reads `X-Forwarded-For` where the connection comes from a proxy that is trusted: from its end, past further trusted proxies. What
 * stands before the first address that is none of them may be anybody's invention, so it is not looked at.
 * @param trusted Addresses and ranges (`10.0.0.0/8`), each a `isAddressRange`. None: the header means nothing.
 */
export function createClientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return ({ socket }) => socket.remoteAddress
  const list = new BlockList()
  for (const range of trusted) {
    const [address = '', bits] = range.split('/')
    const family = familyOf(address)
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  const isTrusted = (address: string): boolean => list.check(address, familyOf(address))
  return ({ headers, socket }) => {
    let client = socket.remoteAddress
    const hops = client === undefined ? [] : listed(headers['x-forwarded-for'])
    while (client !== undefined && isTrusted(client)) {
      const hop = addressIn(hops.pop())
      if (hop === undefined) break
      client = hop
    }
    return client
  }
}

/** True for an IP address, and for a range of them in CIDR notation. */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

function listed(header: string | readonly string[] | undefined): string[] {
  return [header ?? []].flat().flatMap((one) => one.split(','))
}

/** Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressIn(hop: string | undefined): string | undefined {
  const text = hop?.trim() ?? ''
  const address =
    /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  return isIP(address) === 0 ? undefined : address
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
