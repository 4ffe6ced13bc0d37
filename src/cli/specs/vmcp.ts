import type { CommandSpec } from '../command-spec.ts'

const config = { kind: 'text', short: 'c', value: 'FILE', about: 'Configuration file' } as const
const format = { kind: 'text', value: 'FORMAT', about: 'text or json', default: 'text' } as const

export const vmcpServeSpec = {
  name: 'vmcp serve',
  summary: 'Serve many MCP servers behind one endpoint',
  details: `With --config: what the file says; a valid edit of it takes effect at once.
With --group alone: the servers of that group on this machine, on loopback only.`,
  flags: {
    config,
    group: { kind: 'text', value: 'NAME', about: 'Group to serve without a file' },
    host: { kind: 'text', value: 'HOST', about: 'Address to listen on', default: '127.0.0.1' },
    port: { kind: 'text', value: 'PORT', about: 'Port to listen on, 0 = any', default: '4483' },
    stdio: { kind: 'switch', about: 'Speak MCP on stdin and stdout instead of a port' },
    'enable-audit': { kind: 'switch', about: 'Write an audit log even if the file has no audit' },
    'session-ttl': {
      kind: 'text',
      value: 'DURATION',
      about: 'End a session after so long without a request; 0 = as the file says, or 30m',
      default: '0',
    },
    optimizer: { kind: 'switch', about: 'Offer tool search instead of the whole list' },
    'optimizer-embedding': { kind: 'switch', about: 'Search by meaning; implies --optimizer' },
    'embedding-model': {
      kind: 'text',
      value: 'MODEL',
      about: 'Model of the embedding server',
      default: 'BAAI/bge-small-en-v1.5',
    },
    'embedding-image': {
      kind: 'text',
      value: 'IMAGE',
      about: 'Image of the embedding server',
      default: 'ghcr.io/huggingface/text-embeddings-inference:cpu-latest',
    },
    'log-format': { kind: 'text', value: 'FORMAT', about: 'auto, json or pretty', default: 'auto' },
  },
  examples: ['vmcp serve -c vmcp.yaml', 'vmcp serve --group default'],
} as const satisfies CommandSpec

export const vmcpValidateSpec = {
  name: 'vmcp validate',
  summary: 'Check a configuration file',
  details: `Reports every mistake with its line and column. Exit code 0 if the file is right, else 1.
A right file may ask for what this version cannot serve yet: the last line says so, and with
--format json the member "servable" is false.`,
  flags: {
    config,
    live: {
      kind: 'switch',
      about: 'Also connect to the backends and check every tool name in the file',
    },
    format,
  },
  examples: ['vmcp validate -c vmcp.yaml', 'vmcp validate -c vmcp.yaml --live'],
} as const satisfies CommandSpec

export const vmcpInitSpec = {
  name: 'vmcp init',
  summary: 'Write a configuration file for a group',
  flags: {
    group: { kind: 'text', short: 'g', value: 'NAME', about: 'Group whose servers go in' },
    output: { kind: 'text', short: 'o', value: 'FILE', about: 'File to write; - = stdout' },
    config: { kind: 'text', short: 'c', value: 'FILE', about: 'The same as --output' },
    force: { kind: 'switch', about: 'Replace a file that says something else' },
  },
  examples: ['vmcp init -g default -o vmcp.yaml'],
} as const satisfies CommandSpec
