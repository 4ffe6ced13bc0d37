import type { CommandSpec } from '../command-spec.ts'

export const versionSpec = {
  name: 'version',
  summary: 'Print the version',
  flags: {
    format: { kind: 'text', value: 'FORMAT', about: 'text or json', default: 'text' },
    json: { kind: 'switch', about: 'The same as --format json' },
  },
} as const satisfies CommandSpec
