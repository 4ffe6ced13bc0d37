import { openConnection, type RawConnection } from './http-connection.ts'
import { openStreamText, type Endpoint } from './requests.ts'
import { openSession } from './sessions.ts'

/** `open`: that many sessions, then idle. `stream`: a GET stream for each of the given sessions. `close`: ends the streams. */
export type IdleOrder =
  | { readonly step: 'open'; readonly endpoint: Endpoint; readonly count: number }
  | { readonly step: 'stream'; readonly endpoint: Endpoint; readonly sessions: readonly string[] }
  | { readonly step: 'close' }

const WORKERS = 16
const STREAMS_AT_ONCE = 64
const streams: RawConnection[] = []

/** Returns the ids of the opened sessions, or of those whose stream was answered 200. */
export async function openIdle(order: IdleOrder): Promise<string[]> {
  if (order.step === 'open') return openSessions(order.endpoint, order.count)
  if (order.step === 'stream') return openStreams(order.endpoint, order.sessions)
  for (const stream of streams.splice(0)) stream.close()
  return []
}

async function openSessions(endpoint: Endpoint, count: number): Promise<string[]> {
  const ids: string[] = []
  const workers = Array.from({ length: WORKERS }, async (_, index) => {
    const connection = await openConnection(endpoint.port, () => {})
    for (let made = index; made < count; made += WORKERS) {
      ids.push(await openSession(connection, endpoint))
    }
    connection.close()
  })
  await Promise.all(workers)
  return ids
}

async function openStreams(endpoint: Endpoint, sessions: readonly string[]): Promise<string[]> {
  const opened: string[] = []
  for (let at = 0; at < sessions.length; at += STREAMS_AT_ONCE) {
    const batch = sessions.slice(at, at + STREAMS_AT_ONCE)
    await Promise.all(batch.map((session) => openStream(endpoint, session, opened)))
  }
  return opened
}

async function openStream(endpoint: Endpoint, session: string, opened: string[]): Promise<void> {
  const connection = await openConnection(endpoint.port, () => {})
  streams.push(connection)
  await new Promise<void>((resolve) => {
    connection.socket.once('data', (chunk: Buffer) => {
      if (chunk.toString('latin1', 0, 12) === 'HTTP/1.1 200') opened.push(session)
      resolve()
    })
    connection.socket.once('close', () => resolve())
    connection.socket.write(openStreamText(endpoint, session))
  })
}
