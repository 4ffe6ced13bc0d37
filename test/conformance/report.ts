import type { ClientCell } from './client-cells.ts'
import type { Cell } from './server-cells.ts'
export function renderReport(_cells: readonly Cell[], _clients: readonly ClientCell[]): string {
  return ''
}
