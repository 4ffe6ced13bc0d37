/**
 * Some replicas of ours behind HAProxy, as one contestant: `fleet-main.ts PORT FILE REPLICAS`. They are in the group of this
 * process and end with it.
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { freePort } from '../../scripts/support/free-port.ts'
import { haproxyConfig } from '../../test/chaos/support/haproxy-config.ts'
import { oursScript } from './ours.ts'

const [port = '0', file = '', count = '1'] = process.argv.slice(2)
const ports: number[] = []
for (let index = 0; index < Number(count); index++) ports.push(await freePort())
for (const each of ports) {
  const args = ['vmcp', 'serve', '--config', file, '--port', String(each)]
  start(process.execPath, [oursScript(), ...args])
}
writeFileSync(`${file}.haproxy`, haproxyConfig(Number(port), ports))
start('haproxy', ['-db', '-f', `${file}.haproxy`])

/** All or nothing: without one of them something else would be measured. */
function start(command: string, args: readonly string[]): void {
  spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).once('exit', () =>
    process.exit(1),
  )
}
