import { BENCH_FOLDER, type Contestant, type Fixtures, type Launch } from './contestant.ts'
import { http, oursScript, writeConfig } from './ours.ts'

const FLEET = `${BENCH_FOLDER}contestants/fleet-main.ts`
const SEALED = { THV_CLUSTER_KEY: 'a key that is the same for all replicas of this benchmark' }

/** The same gateway with sessions in memory and in Redis, and some of it behind HAProxy. */
export function withRedis(address: string): readonly Contestant[] {
  const redis = { provider: 'redis', address }
  return [
    contestant('sessions in memory', 'one gateway, `provider: memory`', (port, fixtures) =>
      alone(port, configFor(fixtures, 'memory', { provider: 'memory' })),
    ),
    contestant('sessions in Redis', 'one gateway, `provider: redis`', (port, fixtures) =>
      alone(port, configFor(fixtures, 'redis', redis)),
    ),
    ...[1, 3].map((count) =>
      contestant(
        nameOfFleet(count),
        'with sessions in Redis; gateways and HAProxy together',
        (port, fixtures) => {
          const file = configFor(fixtures, `fleet-${count}`, redis)
          return { args: [FLEET, String(port), file, String(count)], env: SEALED }
        },
      ),
    ),
  ]
}

export function nameOfFleet(count: number): string {
  return count === 1 ? 'HAProxy, one replica' : `HAProxy, ${count} replicas`
}

function contestant(
  name: string,
  what: string,
  launch: NonNullable<Contestant['launch']>,
): Contestant {
  return { name, group: 'http', era: 'legacy', path: '/mcp', prefix: 'a_', what, launch }
}

function alone(port: number, file: string): Launch {
  const args = [oursScript(), 'vmcp', 'serve', '--config', file, '--port', String(port)]
  return { args, env: SEALED }
}

function configFor(fixtures: Fixtures, name: string, sessionStorage: object): string {
  const prefixed = {
    ...sessionStorage,
    ...('address' in sessionStorage ? { keyPrefix: `${name}:` } : {}),
  }
  const backends = ['a', 'b'].map((label) => http(label, fixtures.ports.legacy))
  return writeConfig(fixtures, name, backends, { sessionStorage: prefixed })
}
