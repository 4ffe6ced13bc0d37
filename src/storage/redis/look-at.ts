import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { HostPort } from '../redis-settings.ts'

/** What a port turns out to be: of no use to speak Redis with, but to tell people what is wrong. */
export type Sight =
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** It answers to plain text; `isRedis`: as Redis does. */
  | { readonly kind: 'plain'; readonly isRedis: boolean }
  | { readonly kind: 'tls' }
  | { readonly kind: 'mute' }

/** Looks at a port: says `PING` in plain text, and tries TLS (with whatever certificate it has) when that is not answered. */
export async function lookAt(address: HostPort, timeoutMs: number): Promise<Sight> {
  const plain = await attempt(connect({ ...address }), timeoutMs, 'connect', 'PING\r\n')
  if (plain.kind === 'failed' && plain.where === 'connecting') {
    return { kind: 'unreachable', reason: plain.reason }
  }
  if (plain.kind === 'answered') return { kind: 'plain', isRedis: plain.isRedis }
  const socket = connectTls({ ...address, rejectUnauthorized: false })
  const secure = await attempt(socket, timeoutMs, 'secureConnect', undefined)
  return secure.kind === 'answered' ? { kind: 'tls' } : { kind: 'mute' }
}

type Outcome =
  | { readonly kind: 'answered'; readonly isRedis: boolean }
  | { readonly kind: 'failed'; readonly where: 'connecting' | 'after'; readonly reason: string }

/** Waits for the event, then says something and waits for any answer; without something to say the event is enough. */
function attempt(
  socket: Socket,
  timeoutMs: number,
  event: string,
  say: string | undefined,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let connected = false
    const end = (outcome: Outcome) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(outcome)
    }
    const fail = (reason: string) =>
      end({ kind: 'failed', where: connected ? 'after' : 'connecting', reason })
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs)
    socket.once(event, () => {
      connected = true
      if (say === undefined) end({ kind: 'answered', isRedis: false })
      else socket.write(say)
    })
    socket.once('data', (chunk: Buffer) => {
      // A TLS server answers plain text with an alert, whose first byte is 0x15; Redis answers `+PONG` or `-NOAUTH …`.
      if (chunk[0] === 0x15) fail('alert')
      else end({ kind: 'answered', isRedis: chunk[0] === 0x2b || chunk[0] === 0x2d })
    })
    socket.once('error', (error) => fail(error.message))
    socket.once('close', () => fail('closed'))
  })
}
