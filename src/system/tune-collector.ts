import { setFlagsFromString } from 'node:v8'

/** V8 from which on the flags exist (Node 26); older ones would complain on stderr. */
const FIRST_V8_MAJOR = 14
/** How long a gateway keeps its compiled code, and the memory of its last burst, without calls. */
const QUIET_MS = 600_000

/**
 * For a process through which calls and their buffers only pass (docs/decisions/008). Call it once, before the work begins.
 *
 * - V8 starts a full collection for every 64 MB of buffers allocated since the last one, which at 100 kB per answer was 60 %
 *   of a gateway's CPU; now they count towards the heap's own limit, as other memory does.
 * - V8 allocates in old space what it has seen survive once. A call in flight survives, so all calls were put there and
 *   kept what they hold alive until the next full collection: a third of the CPU of small calls.
 * - Eight seconds after the last call V8 collects to save memory, finds no call, and throws away the hidden classes of calls and
 *   with them all compiled code that knows them: the next burst cost 3 to 4 times as much for its first 30,000 calls. Now
 *   it does so after ten quiet minutes.
 */
export function tuneCollector(v8Version: string = process.versions.v8): boolean {
  if (Number.parseInt(v8Version, 10) < FIRST_V8_MAJOR) return false
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  setFlagsFromString('--external-memory-max-growing-factor=4')
  setFlagsFromString('--no-allocation-site-pretenuring')
  setFlagsFromString(`--memory-reducer-delay-ms=${QUIET_MS}`)
  return true
}
