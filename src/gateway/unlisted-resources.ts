import { Cancellation } from '../base/cancellation.ts'
import { isAppError, type AppError } from '../base/errors.ts'
import type { Call } from '../mcp/call.ts'
import type { Reply } from '../mcp/reply.ts'
import { INVALID_PARAMS, LEGACY_RESOURCE_NOT_FOUND, METHOD_NOT_FOUND } from '../mcp/rpc-codes.ts'
import type { Catalogue } from './aggregation/catalogue.ts'
import { backendsToAsk, findResource } from './aggregation/lookup.ts'
import type { Backend } from './backend.ts'
import type { CallOwner } from './backends/slot-choice.ts'

/**
 * The backends that may have a resource, in the order in which to ask them: one if it is listed or a template leads to it. What
 * tools link to need not be listed (all revisions, resource links), and whoever has it knows. Backends that are down are
 * passed over, unless all of them are.
 */
export function mayHaveResource(
  catalogue: Catalogue,
  backends: ReadonlyMap<string, Backend>,
  uri: string,
  target = findResource(catalogue, uri),
): Backend[] {
  const names = target === undefined ? backendsToAsk(catalogue, uri) : [target.backend]
  const able = names.flatMap((name) => backends.get(name) ?? [])
  const up = able.filter((backend) => backend.main !== undefined)
  return up.length > 0 ? up : able
}

/**
 * Reads from one after the other until one has it. If none has, what says most: why one refused, else why one could not be
 * asked (it may have it), else `notFound`. One alone has the last word.
 */
export async function readFromFirst(
  candidates: readonly Backend[],
  read: (backend: Backend) => Promise<Reply>,
  { call, notFound }: { call: Call; notFound: Reply },
): Promise<Reply> {
  const [only] = candidates
  if (only !== undefined && candidates.length === 1) return read(only)
  let refused: Reply | undefined
  let failed: AppError | undefined
  for (const backend of candidates) {
    // The state that comes with a retry is that of a modern one, and no business of the others.
    if (call.retry !== undefined && backend.main?.era !== 'modern') continue
    try {
      const reply = await read(backend)
      if (reply.kind !== 'error') return reply
      if (!NOT_FOUND.has(reply.error.code)) refused ??= reply
    } catch (error) {
      // A client that cannot answer a question of the one that has it has to hear so.
      if (!isAppError(error) || error.fault === 'caller' || call.cancellation.cancelled) throw error
      failed ??= error
    }
  }
  if (refused !== undefined) return refused
  if (failed !== undefined) throw failed
  return notFound
}

/** By these, too, servers say that they have no such resource, or no resources. */
const NOT_FOUND = new Set([LEGACY_RESOURCE_NOT_FOUND, INVALID_PARAMS, METHOD_NOT_FOUND])

/**
 * The one of them that has the resource. Reading tells: many servers let subscribe to anything. Undefined: none has it.
 * Never rejects.
 */
export async function ownerOfResource(
  candidates: readonly Backend[],
  owner: CallOwner,
  uri: string,
): Promise<Backend | undefined> {
  if (candidates.length < 2) return candidates[0]
  for (const backend of candidates) if (await hasResource(backend, owner, uri)) return backend
  return undefined
}

async function hasResource(backend: Backend, owner: CallOwner, uri: string): Promise<boolean> {
  try {
    const connection = await backend.connectionFor(owner)
    const reply = await connection.request({
      method: 'resources/read',
      params: { uri },
      capabilities: {},
      wantsProgress: false,
      cancellation: new Cancellation(),
      timeouts: backend.timeoutsFor(),
    })
    return reply.kind !== 'error'
  } catch {
    return false
  }
}
