/**
 * Where a redirected request may go, or undefined. Only to the same host, never from https to http: a redirect must not
 * carry credentials elsewhere. Only 307 and 308 keep method and body; the others would turn a POST into a GET.
 */
export function sameHostRedirect(
  from: URL,
  status: number,
  location: string | undefined,
): URL | undefined {
  if ((status !== 307 && status !== 308) || location === undefined) return undefined
  const to = URL.parse(location, from.href)
  if (to === null || to.hostname !== from.hostname) return undefined
  if (to.protocol === from.protocol && to.port === from.port) return to
  return from.protocol === 'http:' && to.protocol === 'https:' ? to : undefined
}
