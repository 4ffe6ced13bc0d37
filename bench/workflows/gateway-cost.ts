import { writeFileSync } from 'node:fs'
import { Pool } from 'undici'
import type { JsonObject } from '../../src/base/json.ts'
import type { Contestant, Fixtures } from '../contestants/contestant.ts'
import { oursScript } from '../contestants/ours.ts'
import { startContestant } from '../contestants/running.ts'
import { readTree } from '../measure/process-tree.ts'
import { cpuOf as ownCpuOf } from '../measure/own-cpu.ts'
import { bareLoop } from './bare-loop.ts'
import { callTool } from './call-tool.ts'
import { CHAIN_LENGTH, LOOP_ITEMS, LOOP_PARALLEL } from './plans.ts'

/** So many chains are as many steps as a loop has iterations. */
const CHAINS = LOOP_ITEMS / CHAIN_LENGTH
/** Rounds of three thousand calls until the code is compiled. */
const WARM = 14

/** Milliseconds of CPU of the gateway's process, round by round. */
export interface GatewayCost {
  /** One call of a tool by a client. */
  readonly call: number[]
  /** One step of a chain, its call of the backend included. */
  readonly step: number[]
  /** One loop of a thousand calls. */
  readonly loop: number[]
  /** The same calls without a gateway, by a bare loop in this process. */
  readonly bare: number[]
}

/** Composite tools as clients call them: a gateway in a process of its own, with audit, metrics and its journal in SQLite. */
export async function gatewayCost(fixtures: Fixtures, rounds: number): Promise<GatewayCost> {
  const running = await startContestant(GATEWAY, fixtures)
  const pool = new Pool(`http://127.0.0.1:${running.endpoint.port}`, { connections: 1 })
  const call = async (tool: string, args: JsonObject = {}): Promise<void> => {
    const result = await callTool(pool, tool, args)
    if (result['isError'] === true) throw new Error(`${tool} failed: ${JSON.stringify(result)}`)
  }
  const cpuOf = async (times: number, work: () => Promise<void>): Promise<number> => {
    const before = readTree(running.pid).gatewayMs
    for (let time = 0; time < times; time += 1) await work()
    return readTree(running.pid).gatewayMs - before
  }
  const bare = bareLoop(fixtures.ports.modern)
  const list = [...bare.items]
  const found: GatewayCost = { call: [], step: [], loop: [], bare: [] }
  try {
    for (let round = 0; round < WARM + rounds; round += 1) {
      found.call.push((await cpuOf(LOOP_ITEMS, () => call('a_small', { n: 1 }))) / LOOP_ITEMS)
      found.step.push((await cpuOf(CHAINS, () => call('chain'))) / LOOP_ITEMS)
      found.bare.push(await ownCpuOf(bare.run))
      found.loop.push(await cpuOf(1, () => call('loop', { list })))
    }
  } finally {
    await pool.close()
    await bare.close()
    await running.stop()
  }
  return {
    call: found.call.slice(WARM),
    step: found.step.slice(WARM),
    loop: found.loop.slice(WARM),
    bare: found.bare.slice(WARM),
  }
}

const GATEWAY: Contestant = {
  name: 'ours-composites',
  group: 'http',
  era: 'modern',
  what: 'composite tools, journal in a file of SQLite',
  path: '/mcp',
  prefix: 'a_',
  launch(port, { folder, ports }) {
    const file = `${folder}/composites.yaml`
    const config = {
      name: 'bench',
      groupRef: 'bench',
      backends: [
        { name: 'a', url: `http://127.0.0.1:${ports.modern}/mcp`, transport: 'streamable-http' },
      ],
      incomingAuth: { type: 'anonymous' },
      outgoingAuth: { source: 'inline' },
      aggregation: {
        conflictResolution: 'prefix',
        conflictResolutionConfig: { prefixFormat: '{workload}_' },
      },
      compositeTools: [chain(), loop()],
      sessionStorage: { provider: 'sqlite', path: `${folder}/composites.db` },
      audit: { enabled: true, logFile: `${folder}/composites-audit.log` },
      telemetry: { serviceName: 'bench', enablePrometheusMetricsPath: true, metricsEnabled: true },
    }
    writeFileSync(file, JSON.stringify(config, undefined, 2))
    return {
      args: [oursScript(), 'vmcp', 'serve', '--config', file, '--port', String(port)],
      env: { HOME: folder, XDG_STATE_HOME: folder },
    }
  },
}

/** Each step reads the one before. */
function chain(): object {
  const steps = Array.from({ length: CHAIN_LENGTH }, (_, n) => ({
    id: `s${n}`,
    tool: 'a_small',
    dependsOn: n === 0 ? [] : [`s${n - 1}`],
    arguments: { was: n === 0 ? 'nothing' : `{{.steps.s${n - 1}.output.text}}` },
  }))
  return { name: 'chain', description: 'a chain', steps }
}

function loop(): object {
  const inner = { id: 'one', tool: 'a_small', arguments: { n: '{{.forEach.item.n}}' } }
  const each = {
    collection: '{{.params.list}}',
    maxParallel: LOOP_PARALLEL,
    maxIterations: LOOP_ITEMS,
  }
  const parameters = { type: 'object', properties: { list: { type: 'array' } }, required: ['list'] }
  const steps = [{ id: 'loop', type: 'forEach', ...each, step: inner }]
  return { name: 'loop', description: 'a loop', parameters, steps }
}
