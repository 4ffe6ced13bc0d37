/**
 * Preloaded into a contestant that is profiled: the first SIGUSR2 starts the CPU profiler, the second stops it and writes
 * the profile to the file named by BENCH_PROFILE_FILE. So neither start-up nor warm-up is in it.
 */
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'

const INTERVAL_US = 250
let session: Session | undefined

process.on('SIGUSR2', () => {
  void (session === undefined ? start() : stop(session))
})

async function start(): Promise<void> {
  session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US })
  await session.post('Profiler.start')
}

async function stop(running: Session): Promise<void> {
  const { profile } = await running.post('Profiler.stop')
  writeFileSync(process.env['BENCH_PROFILE_FILE']!, JSON.stringify(profile))
}
