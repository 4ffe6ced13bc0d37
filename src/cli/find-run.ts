import type { RunView } from '../api/run-views.ts'
import { cliErrors } from './errors.ts'
import { getFromGateway, type GatewayAddress } from './gateway-api.ts'

const FULL_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

/** The id that begins so. Rejects with CLI_NO_SUCH_RUN or CLI_AMBIGUOUS_RUN. */
export async function findRun(gateway: GatewayAddress, start: string): Promise<string> {
  if (FULL_ID.test(start)) return start
  const { runs } = await getFromGateway(gateway, '/api/workflows?limit=1000')
  const ids = (runs as unknown as RunView[])
    .map(({ id }) => id)
    .filter((id) => id.startsWith(start))
  const [first, ...others] = ids
  if (first === undefined) throw cliErrors.NO_SUCH_RUN({ run: start })
  if (others.length > 0 && !ids.includes(start)) {
    throw cliErrors.AMBIGUOUS_RUN({ run: start, ids: ids.slice(0, 3) })
  }
  return ids.includes(start) ? start : first
}

/** Path of a run in the API. */
export function pathOfRun(id: string, rest = ''): string {
  return `/api/workflows/${encodeURIComponent(id)}${rest}`
}
