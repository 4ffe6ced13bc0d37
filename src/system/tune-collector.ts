import { setFlagsFromString } from 'node:v8'

/** V8 from which on the flags exist (Node 26); older ones would complain on stderr. */
const FIRST_V8_MAJOR = 14

/**
 * For a process through which many large buffers pass. V8 starts a full collection for every 64 MB of buffers allocated
 * since the last one, which at 100 kB per answer was 60 % of a gateway's CPU; with this they count towards the heap's own
 * limit, as other memory does (docs/decisions/008). Call it once, before the work begins.
 */
export function tuneCollector(v8Version: string = process.versions.v8): boolean {
  if (Number.parseInt(v8Version, 10) < FIRST_V8_MAJOR) return false
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  setFlagsFromString('--external-memory-max-growing-factor=4')
  return true
}
