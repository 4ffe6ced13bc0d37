import type { Owner } from '../../cluster/owner.ts'
import { LossTellingConnection } from '../../cluster/loss-telling-connection.ts'
import type { SharedConnections } from '../../cluster/shared-connections.ts'
import type { BackendConnection } from '../../mcp/backend-connection.ts'
import type { ServerDescription } from '../../mcp/messages.ts'
import type { Connect } from '../connect.ts'
import type { SlotOwner } from './pool.ts'

export interface ShareOptions {
  readonly connections: SharedConnections
  readonly backend: string
  readonly owner: SlotOwner
  /** True if connections to this backend live in a process: children, streams of HTTP+SSE. */
  readonly isProcess: () => boolean
  readonly server: () => ServerDescription | undefined
  readonly connect: Connect
}

/** Connects like `connect`, but all replicas use the same connection of this owner. For one slot. */
export function shareConnect(options: ShareOptions): Connect {
  const { connections, backend, owner } = options
  const place = { owner: toOwner(owner), backend }
  let last: BackendConnection | undefined
  let isUntold = false
  return async (request) => {
    const isProcess = options.isProcess()
    let isAnew = false
    const made = await connections.connect({
      place,
      isProcess,
      open(resume, onEnded) {
        isAnew = resume === undefined
        const { events } = request
        return options.connect({
          ...request,
          ...(resume === undefined ? {} : { resume }),
          events: {
            ...events,
            onClose(reason) {
              onEnded?.()
              events.onClose(reason)
            },
          },
        })
      },
      server: options.server,
      // A slot opens another connection only when the one before it is lost.
      lostSessionId: last?.sessionId,
      isAgain: last !== undefined,
      onLost(reason, untold = false) {
        isUntold ||= untold
        request.events.onClose(reason)
      },
    })
    // Of processes the cluster tells. Replicas that go on with a session that another one began have nothing to tell.
    const isLoss = isUntold || (isAnew && !isProcess && last?.sessionId !== undefined)
    isUntold = false
    last = isLoss ? new LossTellingConnection(made, backend) : made
    return last
  }
}

/** The owner, as other replicas know it. */
export function toOwner(owner: SlotOwner): Owner {
  if (owner.kind === 'principal') return { kind: 'principal', principal: owner.principal }
  const { id, principal } = owner.session
  return { kind: 'session', id, principal }
}
