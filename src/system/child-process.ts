import { spawn } from 'node:child_process'
import type { ChildProcess as NodeChild } from 'node:child_process'
import type { Readable } from 'node:stream'
import { randomHex } from '../base/ids.ts'
import { endGroup, isGroupAlive } from './process-group.ts'
import { startGuardian } from './guardian.ts'
import type { Guardian } from './guardian.ts'
import { endMarked, OWNER_VARIABLE } from './owner-marker.ts'
import { safeEnv } from './safe-env.ts'

export interface ChildSpec {
  readonly command: string
  readonly args: readonly string[]
  /** On top of the safe set of `safeEnv`. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** How a child ended, or that it never began. */
export type ChildExit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'not-started'; readonly reason: string }

export interface ChildHandlers {
  onStdout(chunk: Buffer): void
  /** The child closed its stdout; it may still run. */
  onStdoutEnd?(): void
  onStderr(chunk: Buffer): void
  /** Once, after all output has been delivered. */
  onExit(exit: ChildExit): void
}

export interface ChildProcess {
  readonly pid: number | undefined
  /** Writes to stdin. False if the pipe is full: go on after a while, nothing is lost. Never throws. */
  write(data: string | Buffer): boolean
  /** Bytes written that the child has not taken yet. */
  readonly unsentBytes: number
  /** Closes stdin, then SIGTERM, then SIGKILL, each after its grace time, to the whole group. Resolves when all are gone. */
  end(grace?: Grace): Promise<void>
}

export interface Grace {
  /** Between the end of stdin and SIGTERM. */
  stdinMs: number
  /** Between SIGTERM and SIGKILL. */
  termMs: number
}

export interface ChildProcesses {
  /** Starts a program, never through a shell, as leader of a process group of its own; after `close` nothing starts. */
  spawn(spec: ChildSpec, handlers: ChildHandlers): ChildProcess
  /** Ends all children that still run, and the guardian. */
  close(grace?: Grace): Promise<void>
}

const GRACE: Grace = { stdinMs: 1000, termMs: 2000 }

/**
 * Starts child processes and answers for their end: each in its own group, all told to one guardian process that ends the
 * groups should this process die by SIGKILL.
 */
export function createChildProcesses(): ChildProcesses {
  const owner = randomHex(8)
  const running = new Set<ChildProcess>()
  let guardian: Guardian | undefined
  let count = 0
  let closed = false

  return {
    spawn(spec, handlers) {
      if (closed) return refused(handlers)
      guardian ??= startGuardian(owner)
      const mark = `${owner}:${++count}`
      const child = start(spec, mark, guardian, {
        ...handlers,
        onExit(exit) {
          running.delete(child)
          handlers.onExit(exit)
        },
      })
      running.add(child)
      return child
    },
    async close(grace) {
      closed = true
      await Promise.all([...running].map((child) => child.end(grace)))
      await guardian?.close()
      guardian = undefined
    },
  }
}

/** Whoever was about to start something when all were ended learns that it did not. */
function refused(handlers: ChildHandlers): ChildProcess {
  queueMicrotask(() => handlers.onExit({ kind: 'not-started', reason: 'the gateway is ending' }))
  return { pid: undefined, write: () => false, unsentBytes: 0, end: async () => {} }
}

function start(
  spec: ChildSpec,
  mark: string,
  guardian: Guardian,
  handlers: ChildHandlers,
): ChildProcess {
  const posix = process.platform !== 'win32'
  const child = spawnOrFail(spec, mark, posix)
  const { pid } = child
  if (pid !== undefined && posix) guardian.add(pid)
  const gone = watch(child, handlers).then(async () => {
    if (pid === undefined) return
    // The leader may leave others behind: its group, or daemons that went into a group of their own.
    if (posix && (await isGroupAlive(pid))) await endGroup(pid, 500)
    await endMarked(mark)
    if (posix) guardian.remove(pid)
  })
  let ending: Promise<void> | undefined
  // A child that dies while we write makes EPIPE; its exit tells the story.
  child.stdin?.on('error', () => {})

  return {
    pid,
    write: (data) => (child.stdin?.writable ? child.stdin.write(data) : false),
    get unsentBytes() {
      return child.stdin?.writableLength ?? 0
    },
    end(grace = GRACE) {
      ending ??= end(child, gone, grace, posix)
      return ending
    },
  }
}

function spawnOrFail(spec: ChildSpec, mark: string, detached: boolean): NodeChild {
  return spawn(spec.command, [...spec.args], {
    env: { ...safeEnv(spec.env), [OWNER_VARIABLE]: mark },
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    detached,
    stdio: ['pipe', 'pipe', 'pipe'],
    shell: false,
    windowsHide: true,
  })
}

/** Resolves when the child has ended and its output has been delivered. */
function watch(child: NodeChild, handlers: ChildHandlers): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let over = false
  const finish = (exit: ChildExit) => {
    if (over) return
    over = true
    handlers.onExit(exit)
    resolve()
  }
  readFairly(child.stdout, (chunk) => handlers.onStdout(chunk))
  child.stdout?.on('end', () => handlers.onStdoutEnd?.())
  readFairly(child.stderr, (chunk) => handlers.onStderr(chunk))
  child.on('error', (error) => {
    if (child.pid === undefined) finish({ kind: 'not-started', reason: error.message })
  })
  child.on('exit', (code, signal) => {
    const exit: ChildExit =
      code === null ? { kind: 'killed', signal: signal ?? 'unknown' } : { kind: 'exited', code }
    child.once('close', () => finish(exit))
    // A grandchild may hold the pipes open for ever: what has not come by now belongs to nobody.
    setTimeout(() => {
      child.stdout?.destroy()
      child.stderr?.destroy()
      finish(exit)
    }, 200).unref()
  })
  return promise
}

/** A child that writes without end must not keep the loop from everybody else: it waits a turn after so many bytes. */
const TURN_BYTES = 64 * 1024

function readFairly(stream: Readable | null, onChunk: (chunk: Buffer) => void): void {
  let left = TURN_BYTES
  stream?.on('data', (chunk: Buffer) => {
    onChunk(chunk)
    left -= chunk.length
    if (left > 0) return
    left = TURN_BYTES
    stream.pause()
    setImmediate(() => stream.resume())
  })
}

async function end(
  child: NodeChild,
  gone: Promise<void>,
  grace: Grace,
  posix: boolean,
): Promise<void> {
  child.stdin?.end()
  if (await within(gone, grace.stdinMs)) return
  signalTree(child, 'SIGTERM', posix)
  if (await within(gone, grace.termMs)) return
  signalTree(child, 'SIGKILL', posix)
  await within(gone, 2000)
}

function signalTree(child: NodeChild, signal: 'SIGTERM' | 'SIGKILL', posix: boolean): void {
  if (child.pid === undefined) return
  if (!posix) return void endWindowsTree(child.pid)
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Gone already.
  }
}

/** Windows has no process groups: taskkill walks the tree. Not tested on Windows. */
function endWindowsTree(pid: number): void {
  spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).on(
    'error',
    () => {},
  )
}

function within(promise: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms)
    void promise.then(() => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}
