import { once } from 'node:events'
import { join } from 'node:path'
import { gatewayConfig, startGateway, type Gateway } from '../../support/gateway.ts'
import { createTempDir } from '../../support/temp-dir.ts'
import { until } from '../../support/until.ts'
import type { Shape } from './composites.ts'
import { compositesOf } from './composites.ts'
import { startEffects, type Effects } from './effects.ts'
import type { RunSeen } from './judge-run.ts'
import { fetchApi } from '../../support/api-key.ts'

/** How long a run may take on a busy machine. */
const PATIENCE_MS = 60_000

/** A place where gateways come and go: a store in a folder, and a server with effects, which stay. */
export interface Ground extends AsyncDisposable {
  readonly effects: Effects
  /** The gateway of now, started if there is none. */
  gateway(): Promise<Gateway>
  /** SIGKILL, at once: nothing that this process does afterwards can come before it. */
  kill(): void
  /** Resolves when the killed process is gone and all its requests have arrived. */
  gone(): Promise<void>
  /** Waits until the runs with these values of the parameter `run` have ended; in the same order. */
  ended(runs: readonly string[]): Promise<RunSeen[]>
}

export async function openGround(shape: Shape, command?: readonly string[]): Promise<Ground> {
  const folder = await createTempDir()
  const effects = await startEffects()
  const path = join(folder.path, 'gateway.db')
  const yaml = gatewayConfig(
    { effects: effects.entry },
    { compositeTools: compositesOf(shape), sessionStorage: { provider: 'sqlite', path } },
  )
  let running: Gateway | undefined
  const ids = new Map<string, string>()

  const ground: Ground = {
    effects,
    async gateway() {
      running ??= await startGateway(yaml, command === undefined ? {} : { command })
      return running
    },
    kill: () => void running?.child.process.kill('SIGKILL'),
    async gone() {
      const process = running?.child.process
      if (process !== undefined && process.signalCode === null) await once(process, 'exit')
      await running?.[Symbol.asyncDispose]()
      running = undefined
      await effects.idle()
    },
    async ended(runs) {
      const { origin } = await ground.gateway()
      const seen: RunSeen[] = []
      for (const run of runs) {
        const find = async () => {
          const id = ids.get(run) ?? (await learn(origin), ids.get(run))
          if (id === undefined) return undefined
          const found = await getJson<RunSeen>(`${origin}/api/workflows/${id}`)
          return isUnderWay(found) ? undefined : found
        }
        seen.push(await until(`the end of run ${run}`, find, PATIENCE_MS))
      }
      return seen
    },
    async [Symbol.asyncDispose]() {
      await running?.[Symbol.asyncDispose]()
      await effects[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
  return ground

  async function learn(origin: string): Promise<void> {
    const { runs } = await getJson<{ runs: RunSeen[] }>(`${origin}/api/workflows?limit=1000`)
    const known = new Set(ids.values())
    for (const { id } of runs) {
      if (known.has(id)) continue
      const details = await getJson<{ arguments: { run: string } }>(`${origin}/api/workflows/${id}`)
      ids.set(details.arguments.run, id)
    }
  }
}

function isUnderWay({ status }: RunSeen): boolean {
  return status === 'running' || status === 'waiting'
}

async function getJson<T>(url: string): Promise<T> {
  const response = await fetchApi(url)
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}
