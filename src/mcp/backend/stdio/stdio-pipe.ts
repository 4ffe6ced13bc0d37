import type { AppError } from '../../../base/errors.ts'
import { LineSplitter } from '../../../net/line-splitter.ts'
import type { ChildExit } from '../../../system/child-process.ts'
import type { BackendTarget } from '../../backend-connection.ts'
import { mcpErrors } from '../../errors.ts'
import type { ConnectOptions } from '../connect-options.ts'
import { DEFAULT_MAX_MESSAGE_BYTES } from '../connect-options.ts'
import type { MessagePipe } from '../message-pipe.ts'
import { StderrLog } from './stderr-log.ts'

/** Calls are refused earlier; what else goes to a server that asks and does not read the answers ends it. */
const MAX_UNSENT_MESSAGES = 2

/**
 * Starts a stdio server. One message per line (all revisions, transports, "stdio"). Messages of one turn of the loop are
 * written together. Lines on stderr go to the log under the backend's name.
 */
export function openStdioPipe(
  target: BackendTarget & { kind: 'stdio' },
  options: ConnectOptions,
): MessagePipe {
  const { log, children } = options
  if (children === undefined) throw new Error('A stdio target needs options.children')
  const maxBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES
  let queue: string[] = []
  let queuedChars = 0
  let closed = false

  const finish = (error: AppError) => {
    if (closed) return
    closed = true
    pipe.onEnd(error)
  }
  const lines = new LineSplitter({
    maxBytes,
    onLine(line) {
      if (closed || line.length === 0) return
      try {
        pipe.onMessage(line)
      } catch (error) {
        // Whatever a backend makes us trip over costs it its connection, not the process its life.
        log.error({ err: error, backend: options.name }, 'Cannot handle a message of the backend')
        const reason = 'a message of it could not be handled'
        finish(mcpErrors.BACKEND_PROTOCOL({ backend: options.name, reason, ran: 'unknown' }))
        void child.end({ stdinMs: 0, termMs: 1000 })
      }
    },
    onTooLong(lengthBytes) {
      const reason = `a line has ${lengthBytes} bytes or more, the limit is ${maxBytes}`
      finish(mcpErrors.BACKEND_PROTOCOL({ backend: options.name, reason, ran: 'unknown' }))
      void child.end({ stdinMs: 0, termMs: 1000 })
    },
  })
  const stderr = new StderrLog(log, options.name)
  const child = children.spawn(target, {
    onStdout: (chunk) => lines.push(chunk),
    onStdoutEnd() {
      // An ordinary end closes stdout as well; its exit says more.
      setTimeout(() => {
        if (closed) return
        const reason = `process "${target.command}" closed its stdout`
        finish(mcpErrors.BACKEND_GONE({ backend: options.name, reason, ran: 'unknown' }))
        void child.end({ stdinMs: 0, termMs: 1000 })
      }, 300).unref()
    },
    onStderr: (chunk) => stderr.push(chunk),
    onExit(exit) {
      lines.end()
      stderr.end()
      if (!closed) log.warn({ backend: options.name, ...exit }, 'Backend process ended')
      const reason = describeExit(target.command, exit)
      finish(
        exit.kind === 'not-started'
          ? mcpErrors.BACKEND_UNREACHABLE({ backend: options.name, reason, ran: 'no' })
          : mcpErrors.BACKEND_GONE({ backend: options.name, reason, ran: 'unknown' }),
      )
    },
  })

  const flush = () => {
    const text = queue.join('')
    queue = []
    queuedChars = 0
    child.write(text)
  }
  const pipe: MessagePipe = {
    transport: 'stdio',
    send(body) {
      if (closed) return undefined
      if (pipe.unsentBytes > MAX_UNSENT_MESSAGES * maxBytes) {
        const reason = `it does not read: ${pipe.unsentBytes} bytes wait to be sent`
        finish(mcpErrors.BACKEND_GONE({ backend: options.name, reason, ran: 'unknown' }))
        void child.end({ stdinMs: 0, termMs: 1000 })
        return undefined
      }
      if (queue.push(body, '\n') === 2) setImmediate(flush)
      queuedChars += body.length
      return undefined
    },
    get unsentBytes() {
      return child.unsentBytes + queuedChars
    },
    onMessage: () => {},
    onEnd: () => {},
    async close() {
      closed = true
      if (queue.length > 0) flush()
      await child.end()
    },
  }
  return pipe
}

function describeExit(command: string, exit: ChildExit): string {
  switch (exit.kind) {
    case 'exited':
      return `process "${command}" ended with exit code ${exit.code}`
    case 'killed':
      return `process "${command}" was ended by ${exit.signal}`
    case 'not-started':
      return `cannot start "${command}": ${exit.reason}${argsHint(command, exit.reason)}`
  }
}

/** A command is no line of a shell, though many write one. */
function argsHint(command: string, reason: string): string {
  const [program = '', ...args] = command.trim().split(/\s+/)
  if (args.length === 0 || !reason.includes('ENOENT')) return ''
  return ` (no program has this name; write command: ${program}, and the arguments into args: [${args.join(', ')}])`
}
