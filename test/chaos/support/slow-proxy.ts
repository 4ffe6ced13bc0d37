import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A way to a TCP port that can be made slow. */
export interface SlowProxy extends AsyncDisposable {
  readonly port: number
  /** Each direction takes so long from now on, milliseconds. */
  delayMs: number
}

export async function startSlowProxy(target: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    pass(client, upstream)
    pass(upstream, client)
  })

  function pass(from: Socket, to: Socket): void {
    const later = createDelayedQueue(() => proxy.delayMs)
    sockets.add(from)
    from.on('data', (bytes) => later(() => to.write(bytes)))
    from.on('end', () => later(() => to.end()))
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      later(() => to.destroy())
    })
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: SlowProxy = {
    port: (server.address() as AddressInfo).port,
    delayMs: 0,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
  return proxy
}

/** Acts after a delay, and never before what came earlier. */
function createDelayedQueue(delayMs: () => number): (act: () => void) => void {
  const waiting: { readonly dueMs: number; readonly act: () => void }[] = []
  let timer: NodeJS.Timeout | undefined

  function run(): void {
    timer = undefined
    const now = performance.now()
    while (waiting[0] !== undefined && waiting[0].dueMs <= now) waiting.shift()?.act()
    const next = waiting[0]
    if (next !== undefined) timer = setTimeout(run, Math.max(1, next.dueMs - now)).unref()
  }

  return (act) => {
    waiting.push({ dueMs: performance.now() + delayMs(), act })
    if (timer === undefined) run()
  }
}
