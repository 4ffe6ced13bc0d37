/** The load generator's process: one order by IPC at a time, one answer. Ends with its parent. */
import { runLoad, type LoadOrder } from './closed-loop.ts'
import { openIdle, type IdleOrder } from './idle-sessions.ts'

export type LoadMessage =
  | { readonly kind: 'load'; readonly order: LoadOrder }
  | { readonly kind: 'idle'; readonly order: IdleOrder }

process.on('disconnect', () => process.exit(0))
process.on('message', (message: LoadMessage) => {
  perform(message).then(
    (value) => process.send!({ value }),
    (error: Error) => process.send!({ error: error.stack ?? error.message }),
  )
})

function perform(message: LoadMessage): Promise<unknown> {
  return message.kind === 'load' ? runLoad(message.order) : openIdle(message.order)
}
