import { OURS } from '../contestants/ours.ts'
import * as peers from '../contestants/peers.ts'
import { cli } from './cli.ts'
import { idleSessions } from './idle-sessions.ts'
import { latency } from './latency.ts'
import { micro } from './micro.ts'
import { replicas } from './replicas.ts'
import type { Section } from './section.ts'
import { startup } from './startup.ts'
import { cpuRatio, throughput, type Judge } from './throughput.ts'
import { workflows } from './workflows.ts'

const MAIN = ['ours-http', 'ours-http-modern', 'ours-stdio', 'ours-stdio-modern']
const oursHttp = OURS.filter(({ group }) => group === 'http')
const oursStdio = OURS.filter(({ group }) => group === 'stdio')

/** Everything that is measured, in the order of the report. */
export const SECTIONS: readonly Section[] = [
  throughput(
    'http',
    'http',
    [
      peers.DIRECT,
      peers.FLOOR,
      peers.FLOOR_PARSED,
      peers.SDK_AGGREGATOR,
      ...oursHttp.filter(({ extra }) => extra !== true),
      peers.FLOOR_TUNED,
      peers.FLOOR_SSE,
      ...oursHttp.filter(({ extra }) => extra === true),
    ],
    [peers.FLOOR.name, peers.SDK_AGGREGATOR.name],
    judgeHttp(),
  ),
  throughput(
    'stdio',
    'stdio',
    [peers.FLOOR_STDIO, peers.SUPERGATEWAY, peers.MCP_PROXY, ...oursStdio],
    [peers.FLOOR_STDIO.name, peers.SUPERGATEWAY.name, peers.MCP_PROXY.name],
    judgeStdio(),
  ),
  latency([
    peers.DIRECT,
    peers.FLOOR,
    peers.SDK_AGGREGATOR,
    peers.SUPERGATEWAY,
    peers.MCP_PROXY,
    ...OURS.filter(({ name }) => MAIN.includes(name)),
  ]),
  startup([
    peers.FLOOR,
    peers.SDK_AGGREGATOR,
    peers.SUPERGATEWAY,
    peers.MCP_PROXY,
    ...OURS.filter(({ name }) => name === 'ours-http' || name === 'ours-stdio'),
  ]),
  idleSessions([peers.SDK_AGGREGATOR, ...OURS.filter(({ name }) => name === 'ours-http')]),
  replicas,
  workflows,
  cli,
  micro,
]

function judgeHttp(): Judge {
  return (shape, series) =>
    ['ours-http', 'ours-http-modern'].flatMap((name) => {
      const where = `${name}, ${shape.connections} connections`
      const floor = cpuRatio(series, name, peers.FLOOR.name)
      if (shape.expected === 'big') {
        const what = `CPU per call against the floor, 100 kB, ${where}`
        return [{ what, wanted: 1.2, unit: '×', measured: floor }]
      }
      const sdk = cpuRatio(series, name, peers.SDK_AGGREGATOR.name)
      return [
        {
          what: `CPU per call against the floor, ${where}`,
          wanted: 1.5,
          stretch: 1.1,
          unit: '×',
          measured: floor,
        },
        {
          what: `CPU per call against the SDK aggregator, ${where}`,
          wanted: 0.1,
          unit: '×',
          measured: sdk,
        },
      ]
    })
}

function judgeStdio(): Judge {
  return (shape, series) =>
    ['ours-stdio', 'ours-stdio-modern'].flatMap((name) =>
      [peers.SUPERGATEWAY.name, peers.MCP_PROXY.name]
        .filter((peer) => series.has(peer))
        .map((peer) => ({
          what: `CPU per call against ${peer}, ${shape.expected === 'big' ? '100 kB, ' : ''}${name}, ${shape.connections} connections`,
          wanted: 0.1,
          stretch: 1 / 15,
          unit: '×',
          measured: cpuRatio(series, name, peer),
        })),
    )
}
