import { systemNow } from '../../src/base/clock.ts'
import { newUuid } from '../../src/base/ids.ts'
import type { JsonObject } from '../../src/base/json.ts'
import { openStorage, type StorageSettings } from '../../src/storage/open-storage.ts'
import { parseDefinition } from '../../src/workflow/compile-plan.ts'
import { unsealed } from '../../src/workflow/journal-text.ts'
import type { CallerPorts } from '../../src/workflow/ports.ts'
import { openRunTable } from '../../src/workflow/run-table.ts'
import type { RunTable } from '../../src/workflow/runs.ts'

/** A table of runs on a store of its own; tools that must not be called twice, the dearest case. */
export async function openTable(
  settings: StorageSettings,
  ports: Pick<CallerPorts, 'call' | 'ask'>,
  maxRuns = 2000,
): Promise<{ table: RunTable; close: () => Promise<void> }> {
  const stores = await openStorage(settings, { now: systemNow })
  const { keyValue, appendLog } = stores
  const table = await openRunTable({
    keyValue,
    appendLog,
    prefix: 'workflow:',
    limits: { keepMs: 3_600_000, maxRuns, maxRunBytes: 1 << 24 },
    sealing: unsealed,
    durable: true,
    owner: newUuid(),
    newId: newUuid,
    now: systemNow,
    random: Math.random,
    compile: parseDefinition,
    portsOf: () => callerPorts(ports),
    onError: (error) => console.error(error),
  })
  const close = async (): Promise<void> => {
    await table.close()
    await stores.close()
  }
  return { table, close }
}

export function callerPorts(ports: Pick<CallerPorts, 'call' | 'ask'>): CallerPorts {
  return {
    ...ports,
    tool: () => ({ readOnly: false, idempotent: false }),
    progress: () => {},
  }
}

/** Nobody is asked. */
export function noAnswer(): Promise<JsonObject> {
  return new Promise(() => {})
}
