import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives back to the system what the start needed and nothing needs any more: 8 of 92 MiB of a gateway that has just begun.
 * V8 would keep it for later. Takes 10 to 20 ms, so it is for the moment after a start, once.
 */
export function releaseMemory(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (how: object) => void
  setFlagsFromString('--no-expose-gc')
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
