import { lookup } from 'node:dns'
import type { LookupAddress, LookupOptions } from 'node:dns'
import { BlockList, isIP } from 'node:net'

/** Why a URL that came from outside may not be requested, or undefined if its text is fine. Names are judged later, by `guardedLookup`. */
export function outsideUrlProblem(url: URL): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return `scheme "${url.protocol}"`
  if (url.username !== '' || url.password !== '') return 'user name or password in the URL'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !isPublicAddress(host)) return `address ${host} is not public`
  if (host === 'localhost' || host.endsWith('.localhost')) return `host "${host}" is not public`
  return undefined
}

/** False for loopback, private, link-local (cloud metadata), carrier-grade NAT, multicast, documentation and reserved addresses. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return false
  const v4 = family === 6 ? embeddedV4(address) : undefined
  if (v4 !== undefined) return isPublicAddress(v4)
  return !NOT_PUBLIC.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/**
 * `dns.lookup` that refuses names with any address that is not public. Given to the connector, so the checked address is
 * the one that is connected to: a second DNS answer cannot slip in between.
 */
export function guardedLookup(
  hostname: string,
  options: LookupOptions,
  callback: LookupCallback,
): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, [])
    const bad = addresses.find(({ address }) => !isPublicAddress(address))
    if (bad !== undefined) return callback(notPublic(hostname, bad.address), [])
    if (options.all === true) return callback(null, addresses)
    const first = addresses[0]
    if (first === undefined) return callback(notPublic(hostname, 'none'), [])
    callback(null, first.address, first.family)
  })
}

function notPublic(hostname: string, address: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has the address ${address}, which is not public`), {
    code: 'ENOTPUBLIC',
  })
}

/** IPv4 inside IPv6: mapped (::ffff:), NAT64 (64:ff9b::) and 6to4 (2002:). */
function embeddedV4(address: string): string | undefined {
  const groups = expandV6(address)
  const head = groups.slice(0, 6).join(':')
  if (head === '0:0:0:0:0:ffff' || head === '64:ff9b:0:0:0:0' || head === '0:0:0:0:0:0') {
    const [high = 0, low = 0] = groups.slice(6).map((group) => parseInt(group, 16))
    // :: and ::1 are not addresses of IPv4; the list below has them.
    return head === '0:0:0:0:0:0' && high === 0 ? undefined : dotted(high, low)
  }
  if (groups[0] === '2002') return dotted(parseInt(groups[1]!, 16), parseInt(groups[2]!, 16))
  return undefined
}

function dotted(high: number, low: number): string {
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

/** Eight groups without leading zeros. */
function expandV6(address: string): string[] {
  let text = address.toLowerCase().split('%')[0]!
  const v4 = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  if (v4 !== null) {
    const [a = 0, b = 0, c = 0, d = 0] = v4.slice(1).map(Number)
    text = `${text.slice(0, v4.index)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  }
  const [left = '', right] = text.split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  const middle = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0')
  return [...head, ...middle, ...tail].map((group) => group.replace(/^0+(?=.)/, ''))
}

const NOT_PUBLIC = notPublicRanges()

function notPublicRanges(): BlockList {
  const list = new BlockList()
  const v4: [string, number][] = [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ]
  const v6: [string, number][] = [
    ['::', 128],
    ['::1', 128],
    ['100::', 64],
    ['2001:db8::', 32],
    ['fc00::', 7],
    ['fe80::', 10],
    ['fec0::', 10],
    ['ff00::', 8],
  ]
  for (const [net, prefix] of v4) list.addSubnet(net, prefix, 'ipv4')
  for (const [net, prefix] of v6) list.addSubnet(net, prefix, 'ipv6')
  return list
}
