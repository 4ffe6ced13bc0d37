import { startChild, type Child } from '../../support/child.ts'

/** As `startChild`; it ends with this process however that ends, and is woken before if it was stopped. */
export function startProgram(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Child {
  const child = startChild(command, args, { env: { ...process.env, ...env } })
  const kill = (): void => void child.process.kill('SIGKILL')
  process.once('exit', kill)
  child.process.once('exit', () => process.off('exit', kill))
  return child
}
