import { userInfo } from 'node:os'
import { Cancellation } from '../base/cancellation.ts'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Call } from '../mcp/call.ts'
import type { ClientView } from '../mcp/caller.ts'
import { mcpErrors } from '../mcp/errors.ts'
import type { GatewayPort } from '../mcp/gateway-port.ts'
import type { InputAnswers, InputRequest, InputRequests } from '../mcp/messages.ts'
import { parseRawResult } from '../mcp/raw-response.ts'
import type { Reply } from '../mcp/reply.ts'
import { LATEST_LEGACY } from '../mcp/versions.ts'
import { sessionStorage } from '../storage/config.ts'
import type { Logger } from '../telemetry/logger.ts'
import { principalOf } from './authenticate.ts'
import type { VmcpConfig } from './config/vmcp-config.ts'
import { appErrors } from './errors.ts'
import { serveVmcp, type RunningVmcp } from './serve-vmcp.ts'

export interface RunComposite {
  readonly config: VmcpConfig
  readonly tool: string
  readonly args: JsonObject
  /** Answers an elicitation: an `ElicitResult`. Undefined: nobody is there to ask. */
  readonly ask: ((request: InputRequest) => Promise<JsonObject>) | undefined
  readonly onProgress: (progress: JsonObject) => void
  /** Ends it early. */
  readonly stop: AbortSignal
  readonly log: Logger
}

/** Longer than a command that is fetched first may take to start. */
const TOOLS_WAIT_MS = 75_000
const LOOK_MS = 50

/**
 * Starts the gateway of a file without a place for clients, calls one of its composite tools, and ends it. Resolves to the result
 * of the tool, `isError` or not. Rejects with APP_NOT_OFFERED, and with what `serveVmcp` rejects with.
 */
export async function runComposite(options: RunComposite): Promise<JsonObject> {
  const { config, tool, args, stop, log } = options
  const { promise: opened, resolve } = Promise.withResolvers<GatewayPort>()
  const running = await serveVmcp({
    // Nothing of it is to be found by, or to disturb, the gateway that serves this file.
    config: { ...config, sessionStorage: sessionStorage.parse({ provider: 'memory' }) },
    host: '127.0.0.1',
    port: 0,
    log,
    stop,
    openClients(side) {
      resolve(side.port)
      return { url: undefined, gone: new Promise(() => {}), drain: () => Promise.resolve() }
    },
  })
  try {
    const port = await opened
    const call = localCall(options)
    const cancel = (): void => call.cancellation.cancel('interrupted')
    if (stop.aborted) cancel()
    stop.addEventListener('abort', cancel, { once: true })
    await offered(tool, port, running, call)
    return resultOf(await port.call({ ...call, params: { name: tool, arguments: args } }), tool)
  } finally {
    await running.close()
  }
}

type LocalCall = Omit<Call, 'params'>

function localCall({ config, ask, onProgress }: RunComposite): LocalCall {
  const client: ClientView = {
    era: 'legacy',
    version: LATEST_LEGACY,
    capabilities: ask === undefined ? {} : { elicitation: { form: {} } },
    info: { name: 'thv', version: '1' },
  }
  return {
    method: 'tools/call',
    client,
    principal: principalOf(config.incomingAuth, userInfo().username),
    wantsProgress: true,
    cancellation: new Cancellation(),
    notify(method, params) {
      if (method === 'notifications/progress') onProgress(params)
    },
    async ask(requests: InputRequests): Promise<InputAnswers> {
      const answers: InputAnswers = {}
      for (const [key, request] of Object.entries(requests)) {
        answers[key] = await answerTo(request, ask)
      }
      return answers
    },
  }
}

function answerTo(request: InputRequest, ask: RunComposite['ask']): Promise<JsonObject> {
  const { method } = request
  if (ask !== undefined && method === 'elicitation/create') return ask(request)
  const isAbsent = ask === undefined
  const reason = isAbsent ? 'nobody sits at this terminal' : 'a terminal cannot do that'
  const hint = isAbsent ? 'Run it in a terminal' : 'Call the tool from a client that can do it'
  throw mcpErrors.CLIENT_CANNOT_ANSWER({ method, reason, requiredCapabilities: {}, hint })
}

/** Waits until the tool is offered, or no backend can bring it any more. */
async function offered(
  tool: string,
  port: GatewayPort,
  running: RunningVmcp,
  call: LocalCall,
): Promise<void> {
  const untilMs = performance.now() + TOOLS_WAIT_MS
  for (;;) {
    const listed = await port.call({ ...call, method: 'tools/list', params: {} })
    if (namesIn(listed).includes(tool)) return
    const backends = running.backends()
    const areKnown = backends.every(({ tools, error }) => tools > 0 || error !== undefined)
    if (areKnown || call.cancellation.cancelled || performance.now() > untilMs) {
      const away = backends.filter(({ error }) => error !== undefined).map(({ name }) => name)
      throw appErrors.NOT_OFFERED({ tool, away })
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

function namesIn(reply: Reply): string[] {
  const { tools } = replyResult(reply) ?? {}
  return Array.isArray(tools)
    ? tools.flatMap((tool) => (isJsonObject(tool) ? textOf(tool['name']) : []))
    : []
}

function resultOf(reply: Reply, tool: string): JsonObject {
  const result = replyResult(reply)
  if (result !== undefined) return result
  const reason = reply.kind === 'error' ? reply.error.message : `answered by ${reply.kind}`
  throw appErrors.RUN_REFUSED({ tool, reason })
}

function replyResult(reply: Reply): JsonObject | undefined {
  if (reply.kind === 'result') return reply.result
  const value = reply.kind === 'raw' ? parseRawResult(reply.response) : undefined
  return isJsonObject(value) ? value : undefined
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
