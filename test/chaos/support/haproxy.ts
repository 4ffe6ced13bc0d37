import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../../scripts/support/free-port.ts'
import { until } from '../../support/until.ts'
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
  await writeFile(file, configuration(port, ports))
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

/**
 * Round robin, told by `/readyz` who may have new requests. A request goes to another server only if it was not sent: HAProxy
 * cannot know what may run twice. Long calls and streams are quiet for as long as they like.
 */
function configuration(port: number, ports: readonly number[]): string {
  return `
global
  maxconn 4000
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout check 1s
  retries 3
  retry-on conn-failure
  option redispatch 1
frontend clients
  bind 127.0.0.1:${port}
  default_backend replicas
backend replicas
  balance roundrobin
  option httpchk GET /readyz
  default-server check inter 300ms fastinter 150ms downinter 300ms fall 2 rise 1
${ports.map((each, index) => `  server replica${index} 127.0.0.1:${each}`).join('\n')}
`
}

/** It answers: 503 while no replica is ready. */
async function isOpen(port: number): Promise<true | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
  return answer === undefined ? undefined : true
}
