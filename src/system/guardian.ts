import { spawn } from 'node:child_process'
import { OWNER_VARIABLE } from './owner-marker.ts'

/** A tiny process that outlives this one just long enough to end its children. */
export interface Guardian {
  add(pgid: number): void
  remove(pgid: number): void
  /** Ends the guardian, not the groups: their owner has ended them. */
  close(): Promise<void>
}

/**
 * The guardian's whole program; it takes no text from outside but group ids and our random owner id. It reads `+pgid` and
 * `-pgid` lines, and `quit`. When the pipe closes, however the writer died, it ends the groups it still knows and, on Linux,
 * whatever carries the owner's mark in its environment.
 */
const PROGRAM = `
trap '' HUP INT TERM
groups=' '
while read -r line; do
  [ "$line" = quit ] && exit 0
  id=\${line#?}
  case $id in ''|*[!0-9]*) continue ;; esac
  case $line in
    +*) groups="$groups$id " ;;
    -*) case $groups in *" $id "*) groups="\${groups%%" $id "*} \${groups#*" $id "}" ;; esac ;;
  esac
done
marked() {
  for dir in /proc/[0-9]*; do
    grep -zq "^${OWNER_VARIABLE}=$1:" "$dir/environ" 2>/dev/null && kill "-$2" "\${dir#/proc/}" 2>/dev/null
  done
}
for id in $groups; do kill -TERM "-$id" 2>/dev/null; done
marked "$1" TERM
for _ in 1 2 3 4 5 6 7 8 9 10; do
  alive=
  for id in $groups; do kill -0 "-$id" 2>/dev/null && alive=1; done
  [ -z "$alive" ] && break
  sleep 0.1
done
for id in $groups; do kill -KILL "-$id" 2>/dev/null; done
marked "$1" KILL
`

/**
 * Starts the guardian: `/bin/sh`, about 1 MB, in a session of its own so that neither a terminal's Ctrl-C nor a kill of
 * our group reaches it. Without `/bin/sh`, and on Windows, there is none: children then end with us on every end but
 * SIGKILL.
 */
export function startGuardian(owner: string): Guardian {
  if (process.platform === 'win32') return NO_GUARDIAN
  const shell = spawn('/bin/sh', ['-c', PROGRAM, 'thv-guardian', owner], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    cwd: '/',
  })
  const gone = new Promise<void>((resolve) => {
    shell.on('exit', () => resolve())
    shell.on('error', () => resolve())
  })
  shell.stdin.on('error', () => {})
  shell.unref()
  unref(shell.stdin)
  const say = (line: string) => {
    if (shell.stdin.writable) shell.stdin.write(line)
  }
  return {
    add: (pgid) => say(`+${pgid}\n`),
    remove: (pgid) => say(`-${pgid}\n`),
    async close() {
      shell.ref()
      shell.stdin.end('quit\n')
      await gone
    },
  }
}

const NO_GUARDIAN: Guardian = { add() {}, remove() {}, close: () => Promise.resolve() }

/** The pipe alone must not keep this process alive. */
function unref(stream: object): void {
  if ('unref' in stream && typeof stream.unref === 'function') stream.unref()
}
