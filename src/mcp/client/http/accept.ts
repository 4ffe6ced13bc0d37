import type { Accepts } from './http-exchange.ts'

/**
 * What a POST's Accept header allows. The specification wants both types listed; a client that lists one gets that one,
 * and one that lists none of them gets 406. No header means everything.
 */
export function readAccept(accept: string | undefined): Accepts | undefined {
  if (accept === undefined || accept === '') return 'both'
  const all = accept.includes('*/*')
  const json = all || accept.includes('application/json') || accept.includes('application/*')
  const sse = all || accept.includes('text/event-stream') || accept.includes('text/*')
  if (!json) return sse ? 'sse' : undefined
  if (!sse) return 'json'
  const first = accept.indexOf('text/event-stream')
  return first >= 0 && first < accept.indexOf('application/json') ? 'sse-first' : 'both'
}

/** True if the header allows an event stream: GET needs it. */
export function acceptsEvents(accept: string | undefined): boolean {
  const accepts = readAccept(accept)
  return accept !== undefined && accepts !== undefined && accepts !== 'json'
}

/** True for JSON and for a missing header. */
export function isJsonContent(contentType: string | undefined): boolean {
  if (contentType === undefined || contentType === 'application/json') return true
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase()
  return type === '' || type === 'application/json' || type.endsWith('+json')
}
