import assert from 'node:assert/strict'
import { it } from 'node:test'
import { textOf } from '../../base/text-of.ts'
import { ANONYMOUS } from '../../mcp/caller.ts'
import type { ClientSession } from '../../mcp/client-session.ts'
import { tellWhatMayBeMissed } from './tell-what-may-be-missed.ts'

it('tells of all lists at once, and of what is followed when that is followed here', async () => {
  const told: string[] = []
  const session: ClientSession = {
    id: 's1',
    principal: ANONYMOUS,
    client: { era: 'legacy', version: '2025-11-25', capabilities: {} },
    channel: {
      notify: (method, params) => void told.push(`${method} ${textOf(params?.['uri'])}`.trim()),
      ask: () => Promise.reject(new Error('not asked')),
      close() {},
    },
    inFlight: 0,
  }
  const followed = Promise.withResolvers<void>()
  const done = tellWhatMayBeMissed(session, followed.promise, () => ['x://1'])
  assert.deepEqual(told.splice(0), [
    'notifications/tools/list_changed',
    'notifications/resources/list_changed',
    'notifications/prompts/list_changed',
  ])
  followed.resolve()
  await done
  assert.deepEqual(told, ['notifications/resources/updated x://1'])
})
