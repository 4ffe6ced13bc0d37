import { systemNow } from '../../base/clock.ts'
import { newUuid } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Stores } from '../../storage/stores.ts'
import { unsealed } from '../journal-text.ts'
import type { CallerPorts } from '../ports.ts'
import { openRunTable, type RunTableOptions } from '../run-table.ts'
import type { RunTable } from '../runs.ts'
import { fakePorts } from './fake-ports.ts'
import { planOf, type ShortStep } from './plan-of.ts'

/** A table of runs on a store, with short definitions (`planOf`) and fake ports. */
export async function openTestTable(
  stores: Stores,
  ports: Partial<CallerPorts> = {},
  some: Partial<RunTableOptions> = {},
): Promise<{ table: RunTable; errors: unknown[] }> {
  const errors: unknown[] = []
  const table = await openRunTable({
    keyValue: stores.keyValue,
    appendLog: stores.appendLog,
    prefix: 'workflow:',
    limits: { keepMs: 60_000, maxRuns: 100, maxRunBytes: 1_000_000 },
    sealing: unsealed,
    now: systemNow,
    random: () => 0.5,
    newId: newUuid,
    durable: true,
    owner: newUuid(),
    compile: compileShort,
    portsOf: () => fakePorts(ports),
    onError: (error) => errors.push(error),
    ...some,
  })
  return { table, errors }
}

function compileShort(definition: JsonObject): ReturnType<typeof planOf> {
  return planOf(definition['steps'] as unknown as readonly ShortStep[])
}
