import { openRedisStores } from '../redis/redis-stores.ts'

/** Takes work and never ends it: `node work-queue-worker.ts HOST:PORT PREFIX`. A test kills it. */
const [address = '', keyPrefix = ''] = process.argv.slice(2)
const [host = '', port] = address.split(':')
const stores = await openRedisStores({
  settings: {
    topology: { kind: 'standalone', address: { host, port: Number(port) } },
    db: 2,
    timeouts: { dialMs: 5000, readMs: 10_000, writeMs: 10_000 },
  },
  keyPrefix,
  onError: () => {},
  onChange: () => {},
})
const queue = await stores.workQueue!('loops', { lostAfterMs: 1000 })
await queue.serve({
  concurrency: 1,
  work: (text) => {
    process.stdout.write(`took ${text}\n`)
    return new Promise(() => {})
  },
})
process.stdout.write('ready\n')
setTimeout(() => process.exit(1), 60_000)
