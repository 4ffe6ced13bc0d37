/** The same on stdio: `counting-stdio.ts LEDGER`. Its session is the process. */
import { createInterface } from 'node:readline'
import type { LabMessage } from '../../support/lab-tools.ts'
import { COUNTING_INITIALIZED, COUNTING_TOOLS, runCountingTool } from './counting-tools.ts'

const [ledger = ''] = process.argv.slice(2)
const state = { session: `pid-${process.pid}`, count: 0 }

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line) as LabMessage
  if (message.id === undefined) return
  void resultOf(message).then((result) => {
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: message.id, result })}\n`)
  })
})

async function resultOf(message: LabMessage): Promise<object> {
  if (message.method === 'initialize') return COUNTING_INITIALIZED
  if (message.method === 'tools/list') return { tools: COUNTING_TOOLS }
  if (message.method === 'tools/call') return runCountingTool(message, state, ledger)
  return {}
}
