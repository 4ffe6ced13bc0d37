import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Gateway } from './gateway.ts'
import { sendModern, type RawMessage, type RawReply, type RawSession } from './raw-mcp.ts'

/** A stdio lab as a `backends[]` entry, without its name. */
export function stdioLab(...args: string[]): {
  transport: 'stdio'
  command: string
  args: string[]
} {
  return {
    transport: 'stdio',
    command: process.execPath,
    args: [fileURLToPath(new URL('../fixtures/servers/lab-stdio.ts', import.meta.url)), ...args],
  }
}

/** The text of a tool's result, or the message of the error. */
export function said({ response }: Pick<RawReply, 'response'>): string {
  return saidBy(response)
}

export function saidBy({ result, error }: RawMessage): string {
  if (error !== undefined) return `error ${error.code}: ${error.message}`
  const [first] = (result?.['content'] ?? []) as { text?: string }[]
  return first?.text ?? ''
}

/** Calls a tool in a session and returns what it said. */
export async function callIn(
  session: RawSession,
  name: string,
  args: Record<string, unknown> = {},
): Promise<string> {
  return said(await session.send('tools/call', { name, arguments: args }))
}

/** Calls a tool as a modern client, without a session. */
export async function callModern(
  url: string,
  name: string,
  args: Record<string, unknown> = {},
): Promise<string> {
  return said(await sendModern(url, 'tools/call', { name, arguments: args }))
}

/** Names of the tools a modern client is shown. */
export async function toolNames(url: string): Promise<string[]> {
  const { response } = await sendModern(url, 'tools/list')
  return ((response.result?.['tools'] ?? []) as { name: string }[]).map(({ name }) => name)
}

/** The JSON lines of the gateway's log so far. */
export function logLines({ child }: Pick<Gateway, 'child'>): Record<string, unknown>[] {
  return child
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** False once no process has this id, or only a dead one nobody has waited for. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  return stat !== undefined && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
}
