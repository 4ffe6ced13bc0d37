import { setTimeout as sleep } from 'node:timers/promises'
import { modernCall } from '../support/modern-call.ts'

/** A backend as clients see it. */
export interface ReadyBackend {
  name: string
  /** How many of its tools are shown. */
  tools: number
}

/**
 * Waits until the gateway at `origin` accepts calls and shows tools of every backend in its status, or until `signal`
 * or `timeoutMs` ends the wait; then says what is there. Undefined when there is no gateway.
 */
export async function waitUntilReady(
  origin: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<ReadyBackend[] | undefined> {
  const deadline = performance.now() + timeoutMs
  let backends: ReadyBackend[] | undefined
  while (!signal.aborted && performance.now() < deadline) {
    backends = await readBackends(origin).catch(() => undefined)
    if (backends !== undefined && backends.every(({ tools }) => tools > 0)) return backends
    await sleep(100)
  }
  return signal.aborted ? undefined : backends
}

async function readBackends(origin: string): Promise<ReadyBackend[]> {
  const ready = await fetch(`${origin}/readyz`)
  const status = (await (await fetch(`${origin}/status`)).json()) as {
    backends: { name: string }[]
  }
  if (!ready.ok) throw new Error('not ready')
  const { result } = await modernCall(`${origin}/mcp`, 'tools/list')
  const tools = (result?.['tools'] ?? []) as { name: string }[]
  return status.backends.map(({ name }) => ({
    name,
    tools: tools.filter((tool) => tool.name.startsWith(`${name}_`)).length,
  }))
}
