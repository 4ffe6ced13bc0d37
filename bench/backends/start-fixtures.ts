import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { HTTP_BACKEND, type Fixtures } from '../contestants/contestant.ts'

export interface RunningFixtures extends Fixtures {
  stop(): void
}

/** Starts the HTTP fixture backend and makes the folder for files of the run. */
export async function startFixtures(): Promise<RunningFixtures> {
  const folder = mkdtempSync(`${tmpdir()}/bench-`)
  const child = spawn(process.execPath, [HTTP_BACKEND], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const [line] = (await new Promise((resolve, reject) => {
    lines.once('line', (text) => resolve([text]))
    child.once('exit', () => reject(new Error('the fixture backend did not start')))
  })) as [string]
  return {
    ports: JSON.parse(line) as Fixtures['ports'],
    backendPid: child.pid!,
    folder,
    stop() {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
