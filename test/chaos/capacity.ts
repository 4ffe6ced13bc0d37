import { readdirSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { renderTable } from '../../bench/report/table.ts'
import { callUntilAnswered } from './support/call-until-answered.ts'
import { openGround, type Ground } from './support/ground.ts'
import { createLegacyCaller } from './support/raw-caller.ts'
import type { Caller } from './support/wire.ts'

const SESSIONS = 100
const KEYS = 'thv:vmcp:session:'
const LIMITS = { attemptMs: 30_000, totalMs: 30_000, harmless: true }

interface Counted {
  readonly what: string
  readonly redisBytes: number
  /** Of each replica. */
  readonly descriptors: readonly number[]
}

/** What sessions take of Redis and of the file descriptors of replicas, when each is used through every replica. */
export async function printCapacity(): Promise<void> {
  await using ground = await openGround()
  const callers: Caller[] = []
  for (let index = 0; index < SESSIONS; index++)
    callers.push(createLegacyCaller(ground.balancer.url))
  const steps = [await count(ground, 'nothing')]
  for (const caller of callers) await caller.open(AbortSignal.timeout(30_000))
  steps.push(await count(ground, 'sessions'))
  await everywhere(callers, 'shop_look', ground)
  steps.push(await count(ground, '+ an HTTP backend without a stream'))
  await everywhere(callers, 'everything_echo', ground)
  steps.push(await count(ground, '+ an HTTP backend with a stream'))
  await everywhere(callers, 'local_look', ground)
  steps.push(await count(ground, '+ a stdio backend'))
  const rows = steps.slice(1).map((step, index) => {
    const before = steps[index]!
    return [
      step.what,
      ((step.redisBytes - before.redisBytes) / SESSIONS).toFixed(0),
      ...step.descriptors.map((now, at) => ((now - before.descriptors[at]!) / SESSIONS).toFixed(2)),
    ]
  })
  const columns = [
    'each session, more',
    'bytes in Redis',
    ...['0', '1', '2'].map((at) => `descriptors, replica ${at}`),
  ]
  console.log(renderTable({ title: '', intro: '', columns, rows }))
  await Promise.all(callers.map((caller) => caller.close()))
}

/** Calls through every replica. */
async function everywhere(
  callers: readonly Caller[],
  name: string,
  { replicas }: Ground,
): Promise<void> {
  const args = name === 'everything_echo' ? { message: 'hello' } : {}
  const request = { method: 'tools/call', params: { name, arguments: args } }
  for (const caller of callers) {
    for (const _ of replicas) {
      const { kind, reasons } = await callUntilAnswered(caller, request, LIMITS)
      if (kind !== 'normal') throw new Error(`${name}: ${kind} ${reasons.join(', ')}`)
    }
  }
}

async function count({ redis, replicas }: Ground, what: string): Promise<Counted> {
  const descriptors = replicas.map(({ pid }) => readdirSync(`/proc/${pid}/fd`).length)
  return { what, redisBytes: await usedBytes(redis.admin), descriptors }
}

/** `MEMORY USAGE` of all that the gateways keep. */
async function usedBytes(admin: Redis): Promise<number> {
  let bytes = 0
  for (const key of await admin.keys(`${KEYS}*`)) bytes += Number(await admin.memory('USAGE', key))
  return bytes
}
