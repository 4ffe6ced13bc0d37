/**
 * Preloaded into a contestant whose memory is measured: on SIGUSR2 it collects garbage and appends one line of
 * `process.memoryUsage()` to the file named by BENCH_MEMORY_FILE. Needs --expose-gc.
 */
import { appendFileSync } from 'node:fs'

const ROUNDS = 4

process.on('SIGUSR2', () => {
  collect(ROUNDS)
})

function collect(left: number): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  if (left > 1) {
    setTimeout(() => collect(left - 1), 50)
    return
  }
  appendFileSync(process.env['BENCH_MEMORY_FILE']!, `${JSON.stringify(process.memoryUsage())}\n`)
}
