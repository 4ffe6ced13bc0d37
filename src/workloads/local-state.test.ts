import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readLocalGroup } from './local-state.ts'

describe('readLocalGroup', () => {
  it('finds the workloads of a group by name, each at its proxy', async () => {
    using state = stateFolder({
      groups: ['team'],
      runconfigs: {
        zed: { name: 'zed', group: 'team', transport: 'streamable-http', port: 9001 },
        amy: { name: 'amy', group: 'team', transport: 'stdio', proxy_mode: 'sse', port: 9002 },
        bob: { name: 'bob', group: 'team', transport: 'stdio', port: 9003 },
        far: {
          name: 'far',
          group: 'team',
          transport: 'streamable-http',
          remote_url: 'https://x.example/v1/mcp',
          port: 9004,
        },
        flat: {
          name: 'flat',
          group: 'team',
          transport: 'streamable-http',
          remote_url: 'https://x.example/',
          port: 9005,
        },
        old: {
          name: 'old',
          group: 'team',
          transport: 'sse',
          remote_url: 'https://x.example',
          port: 9006,
        },
        other: { name: 'other', transport: 'sse', port: 9007 },
      },
    })
    assert.deepEqual(await readLocalGroup(state.folder, 'team'), {
      kind: 'found',
      workloads: [
        { name: 'amy', url: 'http://127.0.0.1:9002/sse', transport: 'sse' },
        { name: 'bob', url: 'http://127.0.0.1:9003/mcp', transport: 'streamable-http' },
        { name: 'far', url: 'http://127.0.0.1:9004/v1/mcp', transport: 'streamable-http' },
        { name: 'flat', url: 'http://127.0.0.1:9005', transport: 'streamable-http' },
        { name: 'old', url: 'http://127.0.0.1:9006/sse', transport: 'sse' },
        { name: 'zed', url: 'http://127.0.0.1:9001/mcp', transport: 'streamable-http' },
      ],
    })
  })

  it('knows the group default always, and says which groups there are', async () => {
    using state = stateFolder({ groups: ['team'], runconfigs: {} })
    assert.deepEqual(await readLocalGroup(state.folder, 'default'), {
      kind: 'found',
      workloads: [],
    })
    assert.deepEqual(await readLocalGroup(state.folder, 'nope'), {
      kind: 'no-group',
      groups: ['default', 'team'],
    })
    assert.deepEqual(await readLocalGroup(join(state.folder, 'missing'), 'default'), {
      kind: 'found',
      workloads: [],
    })
  })

  it('leaves out what has no port, another transport, or cannot be read', async () => {
    using state = stateFolder({
      groups: [],
      runconfigs: {
        noport: { transport: 'sse' },
        zero: { transport: 'sse', port: 0 },
        odd: { transport: 'websocket', port: 1 },
        list: [],
        fine: { transport: 'sse', port: 1 },
      },
    })
    writeFileSync(join(state.folder, 'runconfigs', 'broken.json'), '{"port": ')
    assert.deepEqual(await readLocalGroup(state.folder, 'default'), {
      kind: 'found',
      workloads: [{ name: 'fine', url: 'http://127.0.0.1:1/sse', transport: 'sse' }],
    })
  })
})

function stateFolder(content: { groups: string[]; runconfigs: Record<string, object> }) {
  const folder = mkdtempSync(join(tmpdir(), 'thv-state-'))
  mkdirSync(join(folder, 'groups'))
  mkdirSync(join(folder, 'runconfigs'))
  for (const name of content.groups) {
    writeFileSync(join(folder, 'groups', `${name}.json`), JSON.stringify({ name }))
  }
  for (const [name, config] of Object.entries(content.runconfigs)) {
    writeFileSync(join(folder, 'runconfigs', `${name}.json`), JSON.stringify(config))
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}
