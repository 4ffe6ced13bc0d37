import { LossTellingConnection } from '../../cluster/loss-telling-connection.ts'
import type { Connect } from '../connect.ts'

/**
 * Connects like `connect`, for one slot with state behind it: whatever is opened after the first has lost that. `isReturning`: the
 * first as well.
 */
export function tellLoss(connect: Connect, backend: string, isReturning: boolean): Connect {
  let isFirst = !isReturning
  return async (request) => {
    const made = await connect(request)
    const isLoss = !isFirst && made.era === 'legacy'
    isFirst = false
    return isLoss ? new LossTellingConnection(made, backend) : made
  }
}
