import type { HttpCall } from '../http-call.ts'

/** A request, ready to be written. */
export interface RequestBytes {
  /** As latin1, up to the empty line; with the body where that has no character beyond ASCII. */
  readonly head: string
  /** As UTF-8, after the head. */
  readonly body: string | undefined
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const UNFIT = /[^\t\x20-\x7e\x80-\xff]/
const UNFIT_PATH = /[^\x21-\x7e\x80-\xff]/

/** Throws a TypeError if the path, a name or a value has what none may have: it would begin another request. */
export function toBytes(call: HttpCall, authority: string): RequestBytes {
  const { method, path, headers, body } = call
  if (UNFIT_PATH.test(path)) throw new TypeError(`${JSON.stringify(path)} is not a path`)
  const start = `${method} ${path} HTTP/1.1\r\nhost: ${authority}\r\nconnection: keep-alive\r\n`
  if (body === null) {
    const length = method === 'POST' ? 'content-length: 0\r\n' : ''
    return { head: `${start}${fields(headers)}${length}\r\n`, body: undefined }
  }
  const bodyBytes = Buffer.byteLength(body)
  const head = `${start}${fields(headers)}content-length: ${bodyBytes}\r\n\r\n`
  return bodyBytes === body.length ? { head: head + body, body: undefined } : { head, body }
}

function fields(headers: readonly string[]): string {
  let text = ''
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at]!
    const value = headers[at + 1]!
    if (!NAME.test(name) || UNFIT.test(value)) {
      throw new TypeError(`The header ${JSON.stringify(name)} has characters no header may have`)
    }
    text += `${name}: ${value}\r\n`
  }
  return text
}
