import { spawn } from 'node:child_process'

/**
 * Runs every static check at once and prints what each found, so that one run shows all that is to be mended.
 * Closes with `N passed, N failed`; exit code 1 when one failed.
 */
const CHECKS: readonly (readonly [name: string, program: string, ...args: string[]])[] = [
  ['types', 'tsc', '--pretty', 'false'],
  ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['unused', 'knip', '--no-progress'],
  ['format', 'oxfmt', '--check'],
  ['imports', 'node', 'scripts/check-imports.ts'],
  ['lock', 'node', 'scripts/check-lock.ts'],
]

const results = await Promise.all(CHECKS.map(([name, ...command]) => run(name, command)))
for (const { output } of results.filter((result) => !result.passed)) console.log(output)
for (const { name, passed, seconds } of results)
  console.log(`${passed ? '✔' : '✖'} ${name} ${seconds.toFixed(1)} s`)
const failed = results.filter((result) => !result.passed).length
console.log(`${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

interface Result {
  name: string
  passed: boolean
  seconds: number
  output: string
}

function run(name: string, [program = '', ...args]: readonly string[]): Promise<Result> {
  const startedAt = performance.now()
  // npm scripts have node_modules/.bin on the path; on Windows its programs are .cmd files, which need a shell.
  const child = spawn(program, args, { shell: process.platform === 'win32' })
  let output = `\n── ${name}: ${program} ${args.join(' ')}\n`
  const add = (chunk: Buffer): void => void (output += chunk.toString())
  child.stdout.on('data', add)
  child.stderr.on('data', add)
  return new Promise((resolve) => {
    const done = (passed: boolean): void =>
      resolve({ name, passed, seconds: (performance.now() - startedAt) / 1000, output })
    child.on('error', (error) => {
      output += error.message
      done(false)
    })
    child.on('close', (code) => done(code === 0))
  })
}
