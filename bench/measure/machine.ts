import { arch, cpus, totalmem, type } from 'node:os'

/** The machine in one line. */
export function machineLine(): string {
  const cores = cpus()
  const memory = Math.round(totalmem() / 1024 ** 3)
  return `${cores.length} cores (${cores[0]?.model ?? 'unknown'}), ${memory} GiB, ${type()} ${arch()}, Node ${process.version}`
}
