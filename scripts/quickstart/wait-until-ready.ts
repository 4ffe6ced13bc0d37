import { setTimeout as sleep } from 'node:timers/promises'
import { modernCall } from '../support/modern-call.ts'

/** What clients see. */
export interface Ready {
  /** Backends by name, with how many of their tools are shown. */
  backends: { name: string; tools: number }[]
  /** Names of the tools that no backend has. */
  compositeTools: string[]
}

/**
 * Waits until the gateway at `origin` accepts calls and shows tools of every backend in its status, or until `signal`
 * or `timeoutMs` ends the wait; then says what is there. Undefined when there is no gateway.
 */
export async function waitUntilReady(
  origin: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<Ready | undefined> {
  const deadline = performance.now() + timeoutMs
  let ready: Ready | undefined
  while (!signal.aborted && performance.now() < deadline) {
    ready = await readTools(origin).catch(() => undefined)
    if (ready?.backends.every(({ tools }) => tools > 0) === true) return ready
    await sleep(100)
  }
  return signal.aborted ? undefined : ready
}

async function readTools(origin: string): Promise<Ready> {
  const ready = await fetch(`${origin}/readyz`)
  const status = (await (await fetch(`${origin}/status`)).json()) as {
    backends: { name: string }[]
  }
  if (!ready.ok) throw new Error('not ready')
  const { result } = await modernCall(`${origin}/mcp`, 'tools/list')
  const names = ((result?.['tools'] ?? []) as { name: string }[]).map(({ name }) => name)
  const belongsTo = (backend: string) => (tool: string) => tool.startsWith(`${backend}_`)
  return {
    backends: status.backends.map(({ name }) => ({
      name,
      tools: names.filter(belongsTo(name)).length,
    })),
    compositeTools: names.filter(
      (tool) => !status.backends.some(({ name }) => belongsTo(name)(tool)),
    ),
  }
}
