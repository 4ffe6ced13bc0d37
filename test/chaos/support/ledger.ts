import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A side effect that a counting server had. */
export interface Effect {
  /** The id the client gave it: unique for each call. */
  readonly id: string
  readonly pid: number
  readonly session: string
}

/** The file in which the counting servers write what they did. */
export interface Ledger {
  readonly path: string
  /** In the order it happened. */
  read(): Promise<Effect[]>
}

export async function createLedger(folder: string): Promise<Ledger> {
  const path = join(folder, 'ledger')
  await writeFile(path, '')
  return { path, read: async () => parseLedger(await readFile(path, 'utf8')) }
}

/** Lines `<id> <pid> <session>`. */
export function parseLedger(text: string): Effect[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', pid = '', session = ''] = line.split(' ')
      return { id, pid: Number(pid), session }
    })
}
