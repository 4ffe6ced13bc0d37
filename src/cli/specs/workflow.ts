import type { CommandSpec } from '../command-spec.ts'

const url = {
  kind: 'text',
  value: 'URL',
  about: 'Address of the gateway',
  default: 'http://127.0.0.1:4483',
} as const
const format = { kind: 'text', value: 'FORMAT', about: 'text or json', default: 'text' } as const
const run = { value: 'RUN', about: 'Id of the run, or the beginning of it' } as const

export const workflowListSpec = {
  name: 'workflow list',
  summary: 'List the runs of composite tools',
  details: 'The latest first: those under way, and those that ended and are still kept.',
  flags: {
    status: {
      kind: 'text',
      value: 'STATUS',
      about: 'running, waiting, completed, failed, timed_out, cancelled or outcome_unknown',
    },
    workflow: { kind: 'text', value: 'TOOL', about: 'Runs of this composite tool' },
    limit: { kind: 'text', value: 'N', about: 'As many at the most', default: '20' },
    url,
    format,
  },
  examples: ['workflow list', 'workflow list --status failed'],
} as const satisfies CommandSpec

export const workflowShowSpec = {
  name: 'workflow show',
  summary: 'Show one run: a timeline of its steps',
  arguments: { run },
  flags: {
    follow: { kind: 'switch', short: 'f', about: 'Tell what happens until the run has ended' },
    url,
    format,
  },
  examples: ['workflow show 0199c3', 'workflow show 0199c3 --follow'],
} as const satisfies CommandSpec

export const workflowCancelSpec = {
  name: 'workflow cancel',
  summary: 'Stop a run and cancel its calls',
  arguments: { run },
  flags: {
    reason: { kind: 'text', value: 'TEXT', about: 'Kept with the run' },
    url,
    format,
  },
  examples: ['workflow cancel 0199c3 --reason "wrong repository"'],
} as const satisfies CommandSpec

export const workflowResumeSpec = {
  name: 'workflow resume',
  summary: 'Go on with a run that did not complete',
  details: `From the step that failed; what was done before stays done. A step whose outcome is unknown is called again: look first
whether it took effect.`,
  arguments: { run },
  flags: { url, format },
  examples: ['workflow resume 0199c3'],
} as const satisfies CommandSpec
