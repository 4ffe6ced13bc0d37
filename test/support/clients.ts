import {
  Client,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type ClientCapabilities,
  type ElicitResult,
  type Transport,
} from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

export type Era = 'legacy' | 'modern'
export const ERAS: readonly Era[] = ['legacy', 'modern']

/** A client of the official SDK, connected; closed with the test. */
export interface TestClient extends AsyncDisposable {
  readonly client: Client
  readonly transport: Transport
}

export interface TestClientOptions {
  readonly era: Era
  /** Default: elicitation, sampling and roots, all answered. */
  readonly capabilities?: ClientCapabilities
  /** Answers an elicitation; default: accepts with the name Ada and the defaults of the schema. */
  readonly onElicit?: (params: Record<string, unknown>) => ElicitResult
  /** Called for every notification that no handler of the SDK takes. */
  readonly prepare?: (client: Client) => void
}

export const ALL_CAPABILITIES: ClientCapabilities = {
  elicitation: { form: { applyDefaults: true } },
  sampling: {},
  roots: {},
}

export function connectHttp(url: string, options: TestClientOptions): Promise<TestClient> {
  return connect(new StreamableHTTPClientTransport(new URL(url)), options)
}

/** HTTP+SSE (2024-11-05). */
export function connectSse(
  url: string,
  options: Omit<TestClientOptions, 'era'>,
): Promise<TestClient> {
  return connect(new SSEClientTransport(new URL(url)), { ...options, era: 'legacy' })
}

export function connectStdio(
  command: string,
  args: string[],
  options: TestClientOptions,
  env: Record<string, string> = {},
): Promise<TestClient> {
  return connect(new StdioClientTransport({ command, args, env, stderr: 'ignore' }), options)
}

async function connect(transport: Transport, options: TestClientOptions): Promise<TestClient> {
  const { era, capabilities = ALL_CAPABILITIES } = options
  const client = new Client(
    { name: 'test-client', version: '1.0.0' },
    {
      capabilities,
      versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' },
    },
  )
  if (capabilities.elicitation) {
    client.setRequestHandler(
      'elicitation/create',
      ({ params }) => options.onElicit?.({ ...params }) ?? acceptAll(),
    )
  }
  if (capabilities.sampling) {
    client.setRequestHandler('sampling/createMessage', () => ({
      role: 'assistant',
      content: { type: 'text', text: 'Sampled by the test client' },
      model: 'test-model',
    }))
  }
  if (capabilities.roots) {
    client.setRequestHandler('roots/list', () => ({
      roots: [{ uri: 'file:///test/root', name: 'Test Root' }],
    }))
  }
  options.prepare?.(client)
  await client.connect(transport)
  return { client, transport, [Symbol.asyncDispose]: () => client.close() }
}

/** Fields beyond the asked ones do no harm in the fixture. */
function acceptAll(): ElicitResult {
  return { action: 'accept', content: { name: 'Ada', color: 'green', ok: true } }
}
