import { arch, cpus, loadavg, totalmem, type } from 'node:os'

/** The machine in one line. */
export function machineLine(): string {
  const cores = cpus()
  const memory = Math.round(totalmem() / 1024 ** 3)
  return `${cores.length} cores (${cores[0]?.model ?? 'unknown'}), ${memory} GiB, ${type()} ${arch()}, Node ${process.version}`
}

/** What else the machine did: its load before the run, and a warning where that counts. */
export function loadLine(): string {
  const load = loadavg()[0] ?? 0
  const busy = load > cpus().length / 2
  const warning = busy
    ? ' **The machine was busy with other work: absolute times are inflated, ratios of one round hold.**'
    : ''
  return `Load average before the run: ${load.toFixed(1)}.${warning}`
}
