import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The `go` command, if this machine has it. */
export function findGo(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/go/bin']
  const name = process.platform === 'win32' ? 'go.exe' : 'go'
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}
