import { RUN_STANDINGS } from '../../workflow/outcome.ts'
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
      about: RUN_STANDINGS.join(', '),
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

export const workflowAnswerSpec = {
  name: 'workflow answer',
  summary: 'Answer a question of a run in place of its caller',
  details: `For runs whose caller does not come back, such as resumed ones. \`thv workflow show\` shows what a run asks. An answer that does
not fit is asked for again. The gateway that has the run must be the one that is asked.`,
  arguments: { run },
  flags: {
    accept: { kind: 'text', value: 'JSON', about: 'Accept, with this content' },
    decline: { kind: 'switch', about: 'Decline' },
    cancel: { kind: 'switch', about: 'Cancel the question' },
    question: { kind: 'text', value: 'NAME', about: 'Which one, where several are open' },
    url,
    format,
  },
  examples: [`workflow answer 0199c3 --accept '{"sure":true}'`, 'workflow answer 0199c3 --decline'],
} as const satisfies CommandSpec

export const workflowGraphSpec = {
  name: 'workflow graph',
  summary: 'Draw the steps of composite tools',
  details: `Prints every composite tool with its steps in the order in which they can start: what each calls or asks, its condition, its time
and what it does after a failure; behind the arrow the steps it waits for, also those that only its templates read. Nothing is connected
to. As text for a terminal, one line a step, or as a Mermaid flowchart, which Markdown of GitHub and others shows in a \`\`\`mermaid
block.`,
  arguments: {
    file: { value: 'FILE', about: 'vMCP file with composite tools, or references to them' },
    tool: { value: 'TOOL', about: 'One of them; default: all', optional: true },
  },
  flags: {
    format: {
      kind: 'text',
      value: 'FORMAT',
      about: 'text, or mermaid for a flowchart',
      default: 'text',
    },
  },
  examples: [
    'workflow graph vmcp.yaml',
    'workflow graph vmcp.yaml triage --format mermaid > triage.mmd',
  ],
} as const satisfies CommandSpec

export const workflowRunSpec = {
  name: 'workflow run',
  summary: 'Run a composite tool once',
  details: `Connects to the backends of the file, runs the tool, prints its result, and ends. Progress goes to stderr. Exit code 0 only if
the run completed. With --dry-run the backends are only asked for their tools: it prints what would be called.`,
  arguments: {
    file: { value: 'FILE', about: 'vMCP file with the composite tool and its backends' },
    tool: { value: 'TOOL', about: 'The composite tool' },
  },
  flags: {
    args: {
      kind: 'text',
      value: 'JSON',
      about: 'Its arguments; @FILE reads them from a file',
      default: '{}',
    },
    'dry-run': { kind: 'switch', about: 'Render every argument and print the plan, call nothing' },
    format,
  },
  examples: [
    `workflow run vmcp.yaml triage --args '{"repo":"a/b"}' --dry-run`,
    `workflow run vmcp.yaml triage --args @arguments.json`,
  ],
} as const satisfies CommandSpec
