import { fileURLToPath } from 'node:url'
import { startChild } from './child.ts'

const MAIN = fileURLToPath(new URL('../fixtures/conformance/main.ts', import.meta.url))

/** The conformance fixture, as a backend can be: transport and era. */
export const FIXTURE_VARIANTS = [
  'http-dual',
  'http-legacy',
  'http-modern',
  'stdio-legacy',
  'stdio-modern',
  'sse',
] as const
export type FixtureVariant = (typeof FIXTURE_VARIANTS)[number]

/** A backend for the gateway's configuration file. */
export interface FixtureBackend extends AsyncDisposable {
  /** Value of the `backends[]` entry, without its name. */
  readonly entry: Record<string, unknown>
  /** Endpoint, if it is an HTTP one. */
  readonly url: string | undefined
}

/**
 * Starts the fixture; over stdio it is the gateway that will. `extras` adds the tools of our own tests. Port 0 (the
 * default) is any free one.
 */
export async function startFixture(
  variant: FixtureVariant,
  { extras = false, port = 0 }: { extras?: boolean; port?: number } = {},
): Promise<FixtureBackend> {
  const args = [MAIN, ...flagsOf(variant), '--port', String(port), ...(extras ? ['--extras'] : [])]
  if (variant.startsWith('stdio')) {
    return {
      url: undefined,
      entry: { transport: 'stdio', command: process.execPath, args },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  }
  const child = startChild(process.execPath, args)
  const [, url] = await child.waitFor(/^(http:\S+)\n/, 15_000)
  return {
    url,
    entry: { transport: variant === 'sse' ? 'sse' : 'streamable-http', url },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

function flagsOf(variant: FixtureVariant): string[] {
  const [transport = '', era] = variant.split('-')
  return era === undefined ? [`--${transport}`] : [`--${transport}`, era]
}
