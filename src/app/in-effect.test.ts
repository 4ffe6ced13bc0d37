import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger, type Logger } from '../telemetry/logger.ts'
import { createInEffect } from './in-effect.ts'
import { parseVmcpConfig } from './load-vmcp-config.ts'

async function configNamed(name: string, rest = '') {
  const text = `name: ${name}
groupRef: g
incomingAuth: { type: anonymous }
outgoingAuth: { source: inline }
aggregation: { conflictResolution: prefix, conflictResolutionConfig: { prefixFormat: x } }
${rest}`
  const { config } = await parseVmcpConfig(text, 'f', {})
  assert.ok(config)
  return config
}

describe('createInEffect', () => {
  it('tells of sections that wait for the next start, against what is in effect', async () => {
    const warned: unknown[] = []
    const log: Logger = { ...silentLogger, warn: (fields) => void warned.push(fields) }
    const inEffect = createInEffect(await configNamed('one'), { log, isStdio: false })
    inEffect.replace(await configNamed('two', 'workflows: { maxRuns: 7 }'))
    assert.deepEqual(warned.splice(0), [{ sections: ['name', 'workflows'] }])
    inEffect.replace(await configNamed('one'))
    assert.deepEqual(warned, [], 'that is what runs')
    await inEffect.close()
  })
})
