import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createChildProcesses } from './child-process.ts'
import type { ChildExit, ChildProcess, ChildProcesses } from './child-process.ts'

const FAMILY = new URL('./testing/family.ts', import.meta.url).pathname
const OWNER = new URL('./testing/owner-program.ts', import.meta.url).pathname

interface Family {
  self: number
  grandchild: number
  daemon: number
}

describe('createChildProcesses', () => {
  it('gives output, takes input and tells the exit code', async () => {
    await using children = owned()
    const seen = run(children, 'cat', [])
    seen.child.write('hello')
    await until(() => seen.stdout === 'hello')
    await seen.child.end()
    assert.deepEqual(await seen.exit, { kind: 'exited', code: 0 })
  })

  it('delivers all output before it tells the end', async () => {
    await using children = owned()
    const seen = run(children, 'sh', ['-c', 'head -c 300000 /dev/zero; exit 3'])
    assert.deepEqual(await seen.exit, { kind: 'exited', code: 3 })
    assert.equal(seen.stdout.length, 300_000)
  })

  it('tells why a program cannot be started', async () => {
    await using children = owned()
    const exit = await run(children, '/no/such/program', []).exit
    assert.equal(exit.kind, 'not-started')
    assert.match(exit.kind === 'not-started' ? exit.reason : '', /ENOENT/)
  })

  it('starts nothing any more once all were ended', async () => {
    const children = createChildProcesses()
    await children.close()
    const seen = run(children, 'sleep', ['60'])
    assert.equal(seen.child.pid, undefined)
    assert.deepEqual(await seen.exit, { kind: 'not-started', reason: 'the gateway is ending' })
    await seen.child.end()
  })

  it('gives the child its own variables and nothing of ours but the safe ones', async () => {
    await using children = owned()
    const seen = run(children, process.execPath, ['-p', 'JSON.stringify(process.env)'], { A: '1' })
    await seen.exit
    const env = JSON.parse(seen.stdout) as Record<string, string>
    assert.equal(env['A'], '1')
    assert.equal(env['PATH'], process.env['PATH'])
    const foreign = Object.keys(process.env).filter((name) => name.startsWith('npm_'))
    for (const name of foreign) assert.equal(env[name], undefined)
  })

  it('ends a polite child by closing stdin, with everything it has started', async () => {
    await using children = owned()
    const seen = run(children, process.execPath, [FAMILY])
    const family = await familyOf(seen)
    await seen.child.end()
    assert.deepEqual(await seen.exit, { kind: 'exited', code: 0 })
    assertGone(family)
  })

  it('ends a stubborn child by SIGKILL, with everything it has started', async () => {
    await using children = owned()
    const seen = run(children, process.execPath, [FAMILY, 'stubborn'])
    const family = await familyOf(seen)
    await seen.child.end({ stdinMs: 50, termMs: 100 })
    assert.deepEqual(await seen.exit, { kind: 'killed', signal: 'SIGKILL' })
    assertGone(family)
  })

  it('ends what a child leaves behind when it dies by itself', async () => {
    await using children = owned()
    const seen = run(children, process.execPath, [FAMILY, 'stubborn'])
    const family = await familyOf(seen)
    process.kill(family.self, 'SIGKILL')
    await seen.exit
    await until(() => !isAlive(family.grandchild) && !isAlive(family.daemon))
  })

  it('ends all children when the owner closes', async () => {
    const children = createChildProcesses()
    const families = await Promise.all(
      [1, 2, 3].map(() => familyOf(run(children, process.execPath, [FAMILY]))),
    )
    await children.close()
    families.forEach(assertGone)
  })

  it('ends all children after the owner was killed by SIGKILL', { skip: onlyLinux() }, async () => {
    const owner = spawn(process.execPath, [OWNER], { stdio: ['ignore', 'pipe', 'inherit'] })
    let stdout = ''
    owner.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    await until(() => stdout.includes('\n'))
    const family = JSON.parse(stdout) as Family
    assert.ok(isAlive(family.self) && isAlive(family.grandchild) && isAlive(family.daemon))
    owner.kill('SIGKILL')
    await until(() => Object.values(family).every((pid) => !isAlive(pid as number)), 10_000)
    await until(async () => !(await hasGuardian(owner.pid!)))
  })

  it('leaves no guardian behind', { skip: onlyLinux() }, async () => {
    const children = createChildProcesses()
    await run(children, 'true', []).exit
    assert.equal(await hasGuardian(process.pid), true)
    await children.close()
    assert.equal(await hasGuardian(process.pid), false)
  })
})

function owned(): ChildProcesses & AsyncDisposable {
  const children = createChildProcesses()
  return { ...children, [Symbol.asyncDispose]: () => children.close() }
}

interface Seen {
  child: ChildProcess
  stdout: string
  exit: Promise<ChildExit>
}

function run(
  children: ChildProcesses,
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Seen {
  const exit = Promise.withResolvers<ChildExit>()
  const seen = { stdout: '', exit: exit.promise } as Seen
  seen.child = children.spawn(
    { command, args, env },
    {
      onStdout: (chunk) => void (seen.stdout += chunk.toString()),
      onStderr() {},
      onExit: exit.resolve,
    },
  )
  return seen
}

async function familyOf(seen: Seen): Promise<Family> {
  await until(() => seen.stdout.includes('\n'))
  return JSON.parse(seen.stdout) as Family
}

function assertGone(family: Family): void {
  for (const [name, pid] of Object.entries(family)) assert.equal(isAlive(pid), false, name)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return !isZombie(pid)
}

/** Dead, but nobody has waited for it yet: it has lost its parent, and init is in no hurry. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'Z'
  } catch {
    return false
  }
}

/** Whether a guardian runs that was started by this process, which may be dead. */
async function hasGuardian(ownerPid: number): Promise<boolean> {
  for (const name of await readdir('/proc')) {
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    if (!command.includes('\0thv-guardian\0')) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    if (stat.slice(stat.lastIndexOf(')') + 4).startsWith(`${ownerPid} `)) return true
  }
  return false
}

async function until(done: () => boolean | Promise<boolean>, timeoutMs = 5000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!(await done())) {
    if (performance.now() > deadlineMs) assert.fail('it did not happen in time')
    await sleep(20)
  }
}

function onlyLinux(): string | false {
  return process.platform === 'linux' ? false : 'needs /proc'
}
