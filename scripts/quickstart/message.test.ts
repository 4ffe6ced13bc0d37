import assert from 'node:assert/strict'
import { it } from 'node:test'
import { quickstartMessage } from './message.ts'

const url = 'http://127.0.0.1:4499/mcp'
const message = quickstartMessage({
  url,
  backends: [
    { name: 'files', tools: 14 },
    { name: 'memory', tools: 9 },
  ],
  compositeTools: ['folder_report'],
  configPath: 'examples/quickstart/vmcp.yaml',
})

it('says where it listens, what is behind it and which file describes it', () => {
  assert.match(message, /Endpoint +http:\/\/127\.0\.0\.1:4499\/mcp\n/)
  assert.match(message, /files \(14 tools\), memory \(9 tools\)/)
  assert.match(message, /1 composite tool \(folder_report\)/)
  assert.match(message, /examples\/quickstart\/vmcp\.yaml/)
})

it('gives a client configuration that can be pasted', () => {
  const [pasted = ''] = /^ +\{ "mcpServers".*$/m.exec(message) ?? []
  assert.deepEqual(JSON.parse(pasted), { mcpServers: { toolhive: { type: 'http', url } } })
})

it('names the running address and no other in every command', () => {
  assert.deepEqual([...new Set(message.match(/http:\/\/[^\s"']+/g))], [url])
})
