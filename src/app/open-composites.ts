import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLocal } from '../api/is-local.ts'
import { isWorkflowPath } from '../api/workflow-path.ts'
import type { Gateway } from '../gateway/create-gateway.ts'
import type { MakeSources, SourceHost } from '../gateway/source.ts'
import { errorReply } from '../mcp/reply.ts'
import { INVALID_PARAMS } from '../mcp/rpc-codes.ts'
import type { KeyValue } from '../storage/key-value.ts'
import type { OpsGuard } from './http/ops-routes.ts'
import type { Means } from './open-means.ts'
import type { CompositesOptions } from './runs/composites-options.ts'
import type { StartedComposites } from './runs/start-composites.ts'

/**
 * The composite tools of a gateway. They need what most gateways do not (templates, schemas, journals): it is loaded when the
 * configuration has some, at the start or later.
 */
export interface Composites {
  readonly makeSources: MakeSources
  /** Loads what the configuration in effect needs, and takes over runs. Before that no composite tool is offered. */
  start(gateway: Gateway): Promise<void>
  /** Whether there is such a run, under way or ended. */
  hasRun(id: string): Promise<boolean>
  /** The configuration has changed. */
  reconfigure(gateway: Gateway): Promise<void>
  /** The API for operators: false if the path is not its own. */
  serve(guard: OpsGuard): (request: IncomingMessage, response: ServerResponse) => boolean
  /** Takes no iterations of other replicas' loops any more; resolves when those it has are done. Never rejects. */
  drain(): Promise<void>
  /** Starts nothing more, lets calls under way end within the time, and leaves unfinished runs to the next process. */
  leave(waitMs: number): Promise<void>
}

const RUN_PREFIX = 'run:'

export function openComposites(options: CompositesOptions): Composites {
  const { config, means, log } = options
  // Gateways of several configurations may share a store: each goes on with its own runs.
  const prefix = `${RUN_PREFIX}${config().name}:`
  let host: SourceHost | undefined
  let own: Gateway | undefined
  let started: StartedComposites | undefined
  let loading: Promise<void> | undefined
  let hasLeft = false

  /** Once, however many ask at the same time; again only after it has failed. */
  async function load(gateway: Gateway): Promise<void> {
    if (host === undefined || hasLeft) return
    loading ??= open(host, gateway).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    await loading
  }

  async function open(sourceHost: SourceHost, gateway: Gateway): Promise<void> {
    const { startComposites } = await import('./runs/start-composites.ts')
    started = await startComposites(options, sourceHost, prefix)
    gateway.sourcesChanged()
    void started.recover(gateway)
  }

  return {
    makeSources(given) {
      host = given
      return [
        {
          name: '(composite tools)',
          offer: (catalogue) => started?.source.offer(catalogue) ?? { tools: [], notes: [] },
          call: async (call, tool) =>
            started?.source.call(call, tool) ?? errorReply(INVALID_PARAMS, `Unknown tool: ${tool}`),
          async holds(state) {
            // The file may have no composite tools any more, but a client comes back to one.
            if (own !== undefined) await load(own)
            return started?.source.holds(state) ?? false
          },
        },
      ]
    },
    async start(gateway) {
      own = gateway
      const isNeeded = config().composites.length > 0 || (await hasRuns(means, prefix))
      if (isNeeded) await load(gateway)
    },
    hasRun: async (id) => started?.hasRun(id) ?? false,
    async reconfigure(gateway) {
      if (started !== undefined) started.reconfigure()
      else if (config().composites.length > 0) await load(gateway)
    },
    serve(guard) {
      let handle: ReturnType<StartedComposites['serve']> | undefined
      const pass = (request: IncomingMessage, response: ServerResponse): boolean => {
        handle ??= started?.serve(guard)
        return handle?.(request, response) ?? false
      }
      return (request, response) => {
        // Without composite tools there are no runs to show, and who asks should hear that from us: 404 tells nothing.
        if (started !== undefined || own === undefined || !asksForRuns(request)) {
          return pass(request, response)
        }
        void load(own)
          .catch((error: unknown) => log.error({ err: error }, 'Cannot open the runs'))
          .then(() => {
            if (!pass(request, response)) response.writeHead(503).end()
          })
        return true
      }
    },
    async drain() {
      await started?.drain()
    },
    async leave(waitMs) {
      hasLeft = true
      await started?.leave(waitMs)
    },
  }
}

function asksForRuns({ url = '', socket }: IncomingMessage): boolean {
  return isWorkflowPath(url) && isLocal(socket.remoteAddress ?? '')
}

/** True if an earlier process has left runs, though the file has no composite tools any more. */
async function hasRuns({ stores, sessionStore }: Means, prefix: string): Promise<boolean> {
  // A whole Redis is not searched for what is nearly never there.
  return sessionStore.provider === 'sqlite' && hasKeys(stores.keyValue, prefix)
}

async function hasKeys(store: KeyValue, prefix: string): Promise<boolean> {
  for await (const _ of store.scan(prefix)) return true
  return false
}
