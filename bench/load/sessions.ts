import { headerValue, type RawAnswer, type RawConnection } from './http-connection.ts'
import { initializeText, requestText, type Endpoint } from './requests.ts'

/** Initializes a legacy session on this connection and returns its id. */
export async function openSession(connection: RawConnection, endpoint: Endpoint): Promise<string> {
  const answer = await exchange(connection, initializeText(endpoint))
  const session = headerValue(answer.header, 'mcp-session-id')
  if (answer.status !== 200 || session === undefined) {
    throw new Error(`initialize: HTTP ${answer.status} ${answer.body?.toString().slice(0, 300)}`)
  }
  const initialized = requestText(endpoint, 'notifications/initialized', {}, session, undefined)
  await exchange(connection, initialized)
  return session
}

/** One request and its answer with the body. */
export function exchange(connection: RawConnection, text: string): Promise<RawAnswer> {
  return new Promise((resolve) => connection.send(text, true, resolve))
}
