import { randomBytes } from 'node:crypto'
import type { JsonObject } from '../../base/json.ts'
import type { BackendRequest } from '../../mcp/backend-connection.ts'
import type { Call } from '../../mcp/call.ts'
import { parseRawResult } from '../../mcp/raw-response.ts'
import { resultReply, type Reply } from '../../mcp/reply.ts'
import type { Era } from '../../mcp/versions.ts'
import { openStorage } from '../../storage/open-storage.ts'
import { silentLogger } from '../../telemetry/logger.ts'
import { aggregation, backends, operational } from '../config.ts'
import { createGateway } from '../create-gateway.ts'
import type { Source, SourceHost } from '../source.ts'
import { createFakeBackend, makeCall } from './fake-backend.ts'

export interface WithSourceOptions {
  /** Laid over a source that offers `twice` and answers `{ from: 'source' }`. */
  readonly source?: (host: SourceHost) => Partial<Source>
  /** Remembers what went through the stages. */
  readonly passed?: Call[]
  readonly era?: Era
  /** Of the backend. */
  readonly capabilities?: JsonObject
  /** Of each of its tools. */
  readonly members?: JsonObject
  readonly operational?: object
  /** Answers calls of tools; default: with the name by which the backend was called. */
  readonly answer?: (request: BackendRequest) => Reply | Promise<Reply>
}

const inputSchema = { type: 'object' }

/** A gateway with one backend that has `list`, `add` (renamed `plus`) and `hidden`, and with a source. */
export async function gatewayWithSource(options: WithSourceOptions = {}) {
  const { source = () => ({}), passed = [], era = 'legacy' } = options
  const { answer = ({ params }) => resultReply({ called: params?.['name'] ?? null }) } = options
  const { capabilities = { tools: {} }, members = {} } = options
  const fake = createFakeBackend({ era, capabilities })
  fake.answer = (request) =>
    request.method === 'tools/list'
      ? resultReply({
          tools: ['list', 'add', 'hidden'].map((name) => ({ name, inputSchema, ...members })),
        })
      : answer(request)
  let host: SourceHost | undefined
  const gateway = createGateway({
    backends: backends.parse([{ name: 'calc', command: 'calc', stateless: true }]),
    aggregation: aggregation.parse({
      conflictResolution: 'prefix',
      conflictResolutionConfig: { prefixFormat: '{workload}_' },
      tools: [{ workload: 'calc', filter: ['list', 'plus'], overrides: { add: { name: 'plus' } } }],
    }),
    operational: operational.parse(options.operational ?? {}),
    info: { name: 'gateway', version: '1' },
    connectTo: () => fake.connect,
    sessionKeyPrefix: 'session:',
    store: (await openStorage({ provider: 'memory' }, { now: () => 0 })).keyValue,
    key: randomBytes(32),
    stages: [
      (call, next) => {
        passed.push(call)
        return next(call)
      },
    ],
    makeSources(given) {
      host = given
      return [
        {
          name: '(own)',
          offer: () => ({ tools: [{ name: 'twice' }], notes: [] }),
          call: async () => resultReply({ from: 'source' }),
          holds: async () => false,
          ...source(given),
        },
      ]
    },
    aroundBackend: (_backend, _call, request, go) => go(request),
    onBackendState: () => {},
    onCatalogue: () => {},
    newId: () => 'id',
    now: () => 0,
    log: silentLogger,
  })
  gateway.start()
  await gateway.settled(1000)
  if (host === undefined) throw new Error('The gateway has not asked for its sources')
  return { gateway, fake, host, [Symbol.asyncDispose]: () => gateway.close() }
}

/** The result of a reply, or the message of its error. */
export async function answerOf(reply: Promise<Reply>): Promise<unknown> {
  const got = await reply
  if (got.kind === 'raw') return parseRawResult(got.response)
  return got.kind === 'result' ? got.result : got.kind === 'error' ? got.error.message : got
}

export function toolCall(name: string, changes: Partial<Call> = {}): Call {
  return makeCall({ params: { name }, ...changes })
}
