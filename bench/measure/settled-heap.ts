import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of heap of this process that something still needs. */
export async function settledHeap(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  for (let times = 0; times < 3; times += 1) {
    gc()
    await sleep(50)
  }
  return process.memoryUsage().heapUsed
}
