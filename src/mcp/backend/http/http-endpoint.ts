import type { Dispatcher } from 'undici'
import type { CallDispatcher } from '../../../net/http-call.ts'
import type { BackendTarget } from '../../backend-connection.ts'
import type { ConnectOptions } from '../connect-options.ts'
import { DEFAULT_MAX_MESSAGE_BYTES } from '../connect-options.ts'

/** Header names and values in turn, as undici takes them. */
export type HeaderList = readonly string[]

/** Where the requests of one HTTP backend go. */
export interface HttpEndpoint {
  readonly name: string
  readonly url: URL
  readonly path: string
  readonly maxMessageBytes: number
  /** Waits in line when the backend is busy. */
  readonly calls: CallDispatcher
  /** Never waits in line: streams, answers, the end of a session. */
  readonly streams: Dispatcher
  /** `base` with the headers of the owner and of this request, which win. */
  headers(base: HeaderList, ofRequest?: Readonly<Record<string, string>>): HeaderList
  /** The same backend at another path or port, after a redirect. */
  at(url: URL): HttpEndpoint
}

export function createHttpEndpoint(
  target: BackendTarget & { kind: 'http' },
  options: ConnectOptions,
): HttpEndpoint {
  const { outbound } = options
  if (outbound === undefined) throw new Error('An HTTP target needs options.outbound')
  return endpointAt(new URL(target.url))

  function endpointAt(url: URL): HttpEndpoint {
    const at = {
      origin: url.origin,
      ...(target.caBundlePath === undefined ? {} : { caBundlePath: target.caBundlePath }),
    }
    return {
      name: options.name,
      url,
      path: url.pathname + url.search,
      maxMessageBytes: options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
      calls: outbound!.calls(at),
      streams: outbound!.streams(at),
      headers: (base, ofRequest) => joined(base, options.headers?.(), ofRequest),
      at: endpointAt,
    }
  }
}

function joined(
  base: HeaderList,
  ofOwner: Readonly<Record<string, string>> | undefined,
  ofRequest: Readonly<Record<string, string>> | undefined,
): HeaderList {
  if (ofOwner === undefined && ofRequest === undefined) return base
  const list = [...base]
  for (const name in ofOwner) {
    if (ofRequest?.[name] === undefined && !has(base, name)) list.push(name, ofOwner[name]!)
  }
  for (const name in ofRequest) if (!has(base, name)) list.push(name, ofRequest[name]!)
  return list
}

/** The protocol's own headers are not for others to set: two of a kind would be ambiguous. */
function has(base: HeaderList, name: string): boolean {
  for (let i = 0; i < base.length; i += 2) if (base[i] === name) return true
  return false
}
