import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../../scripts/support/free-port.ts'
import { until } from '../../support/until.ts'
import { haproxyConfig } from './haproxy-config.ts'
import { startProgram } from './program.ts'

/** False where `haproxy` is installed; else how to get it. */
export const NO_HAPROXY: string | false =
  spawnSync('haproxy', ['-v']).status === 0
    ? false
    : 'needs haproxy on the PATH: apt-get install haproxy'

/** HAProxy in front of some ports of the loopback address, as an operator would set it up: it knows nothing of sessions. */
export interface Haproxy extends AsyncDisposable {
  readonly port: number
  /** The `/mcp` behind it. */
  readonly url: string
}

/** Starts it; `ports` need not be open yet. `folder`: for its configuration. */
export async function startHaproxy(ports: readonly number[], folder: string): Promise<Haproxy> {
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  await writeFile(file, haproxyConfig(port, ports))
  const program = startProgram('haproxy', ['-db', '-f', file])
  const ended = () => (program.process.exitCode === null ? undefined : program.output())
  await until('HAProxy', () => {
    const output = ended()
    if (output !== undefined) throw new Error(`haproxy ended:\n${output}`)
    return isOpen(port)
  })
  return {
    port,
    url: `http://127.0.0.1:${port}/mcp`,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

/** It answers: 503 while no replica is ready. */
async function isOpen(port: number): Promise<true | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
  return answer === undefined ? undefined : true
}
