import { isJsonObject } from '../../base/json.ts'
import { mcpErrors } from '../errors.ts'
import type { PendingTable } from './pending-table.ts'

/**
 * A message that bears the id of a call but is no response (no result, a result that is no object, a malformed error):
 * that call fails at once instead of at its deadline. False: it concerns no call.
 */
export function failByBadAnswer(calls: PendingTable, bytes: Buffer): boolean {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    return false
  }
  if (!isJsonObject(value) || value['method'] !== undefined) return false
  const call = calls.byId(value['id'])
  if (!call) return false
  const reason = 'its answer is not a JSON-RPC response'
  call.reject(mcpErrors.BACKEND_PROTOCOL({ backend: calls.name, reason, ran: 'unknown' }))
  return true
}
