import type { JsonObject } from '../base/json.ts'
import type { ClientSession } from '../mcp/client-session.ts'
import { LOG_LEVELS } from '../mcp/messages.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { BackendEvents } from './backend.ts'
import type { Interests } from './interests.ts'
import type { TaskIds } from './task-ids.ts'

export interface NotificationRelayOptions {
  readonly interests: Interests
  readonly taskIds: TaskIds
  readonly log: Logger
}

/**
 * Brings what a backend says outside calls to whom it concerns: from a session's own connection to that session, from a
 * principal's to those who are the same, from a shared one to all who asked for it.
 */
export function createNotificationRelay(
  options: NotificationRelayOptions,
): BackendEvents['onNotification'] {
  const { interests, taskIds, log } = options
  return (backend, owner, method, said) => {
    const session = owner?.kind === 'session' ? owner.session : undefined
    const principal = owner?.kind === 'principal' ? owner.principal : undefined
    const whose = session?.principal ?? principal
    const params = whose ? taskIds.relateToClient(said, backend.name, whose) : said
    switch (method) {
      case 'notifications/resources/updated': {
        const { uri } = params
        if (typeof uri !== 'string') return
        if (session !== undefined) session.channel?.notify(method, params)
        else interests.resourceUpdated(uri, params, principal)
        return
      }
      case 'notifications/message':
        // On a shared connection nobody can tell whose call a line belongs to (mcp-spec 2.5, "Logging").
        if (session !== undefined && wantsLine(session, params)) {
          session.channel?.notify(method, params)
        } else log.debug({ backend: backend.name, ...params }, 'Message of a backend')
        return
      case 'notifications/tasks':
      case 'notifications/tasks/status': {
        const native = params['taskId']
        if (typeof native !== 'string') return
        if (session !== undefined) {
          const taskId = taskIds.toClient(backend.name, native, session.principal)
          session.channel?.notify(method, { ...params, taskId })
        } else {
          interests.taskChanged(
            (each) => taskIds.toClient(backend.name, native, each),
            method,
            params,
          )
        }
        return
      }
      default:
        if (session !== undefined) session.channel?.notify(method, params)
        else
          log.debug(
            { backend: backend.name, method },
            'Notification of a backend that nobody asked for',
          )
    }
  }
}

function wantsLine({ client }: ClientSession, params: JsonObject): boolean {
  const level = LOG_LEVELS.indexOf(params['level'] as never)
  return client.logLevel === undefined || level >= LOG_LEVELS.indexOf(client.logLevel)
}
