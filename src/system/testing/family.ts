import { spawn } from 'node:child_process'

/**
 * A child with a family, for tests of their end. Prints the ids of all as JSON: itself, a grandchild in its group, and a
 * daemon in a session of its own. With `stubborn` it ignores the end of stdin and SIGTERM.
 */
const grandchild = spawn('sleep', ['300'], { stdio: 'ignore' })
const daemon = spawn('sleep', ['300'], { stdio: 'ignore', detached: true })
process.stdout.write(
  `${JSON.stringify({ self: process.pid, grandchild: grandchild.pid, daemon: daemon.pid })}\n`,
)
setInterval(() => {}, 1000)
if (process.argv[2] === 'stubborn') process.on('SIGTERM', () => {})
else process.stdin.on('end', () => process.exit(0)).resume()
