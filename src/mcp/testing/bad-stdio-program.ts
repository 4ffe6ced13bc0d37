import { createInterface } from 'node:readline'

/**
 * A legacy stdio server that misbehaves in one way: `node bad-stdio-program.ts MODE`. Without a mode of its own for
 * something it answers as it should; a tools/call is answered with its own name.
 */
misbehave(process.argv[2] ?? '')

function misbehave(mode: string): void {
  const say = (value: unknown) => void process.stdout.write(`${JSON.stringify(value)}\n`)
  const result = (id: unknown, value: object) => say({ jsonrpc: '2.0', id, result: value })
  let initialized = false
  let pending = 0
  const answers: object[] = []

  if (mode === 'junk') process.stdout.write('Welcome!\n\n{"half": \n')
  if (mode === 'not-reading') {
    process.stdin.pause()
    setInterval(() => {}, 1000)
  } else {
    createInterface({ input: process.stdin }).on('line', (line) => receive(JSON.parse(line)))
  }

  function receive(message: { id?: number; method?: string; params?: { name?: string } }): void {
    const { id, method } = message
    if (method === undefined) return answered(message)
    if (id === undefined) return
    if (!initialized && method !== 'initialize') return beforeInitialize(id, method)
    if (method === 'initialize') {
      initialized = true
      if (mode === 'future') return result(id, { protocolVersion: '2199-01-01', capabilities: {} })
      if (mode === 'refuses') {
        return say({ jsonrpc: '2.0', id, error: { code: -32603, message: 'not today' } })
      }
      const serverInfo = { name: 'bad', version: '0' }
      return result(id, { protocolVersion: '2025-11-25', capabilities: {}, serverInfo })
    }
    call(id, message.params?.name ?? '')
  }

  function beforeInitialize(id: number, method: string): void {
    if (mode === 'exits-on-probe') process.exit(1)
    if (mode === 'silent-on-probe') return
    say({ jsonrpc: '2.0', id, error: { code: -32601, message: `Method not found: ${method}` } })
  }

  function call(id: number, name: string): void {
    const good = { content: [{ type: 'text', text: name }] }
    switch (mode) {
      case 'junk':
        process.stdout.write('debug: about to answer\n[1, 2\n"text"\n42\n')
        return result(id, good)
      case 'dies-mid-message':
        process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"ty`, () =>
          process.exit(3),
        )
        return
      case 'stops-reading':
        process.stdin.pause()
        setInterval(() => {}, 1000)
        return
      case 'hangs':
        return
      case 'twice':
        result(9999, good)
        result(id, good)
        return result(id, { content: [{ type: 'text', text: 'again' }] })
      case 'half-json':
        process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[\n`)
        return
      case 'floods':
        for (let i = 0; i < 20_000; i++) {
          say({
            jsonrpc: '2.0',
            method: 'notifications/message',
            params: { level: 'info', data: i },
          })
        }
        return result(id, good)
      case 'chatters':
        process.stdout.write('nonsense\n'.repeat(20_000))
        return result(id, good)
      case 'oversized':
        process.stdout.write('x'.repeat(2_000_000))
        return
      case 'closes-stdout':
        process.stdout.end()
        return
      case 'batch':
        return say([
          { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 1 } },
          { jsonrpc: '2.0', id, result: good },
        ])
      case 'asks':
        pending = id
        say({ jsonrpc: '2.0', id: 'p', method: 'ping' })
        return say({ jsonrpc: '2.0', id: 'x', method: 'no/such' })
      default:
        return result(id, good)
    }
  }

  function answered(message: object): void {
    answers.push(message)
    if (answers.length === 2) {
      result(pending, { content: [{ type: 'text', text: JSON.stringify(answers) }] })
    }
  }
}
