import type { Command } from './command-spec.ts'
import { versionSpec } from './specs/version.ts'
import { vmcpInitSpec, vmcpServeSpec, vmcpValidateSpec } from './specs/vmcp.ts'
import {
  workflowAnswerSpec,
  workflowCancelSpec,
  workflowGraphSpec,
  workflowListSpec,
  workflowResumeSpec,
  workflowRunSpec,
  workflowShowSpec,
} from './specs/workflow.ts'

/** Every command of `thv`. A handler is loaded when it is called, so that the others cost nothing. */
export const COMMANDS: readonly Command[] = [
  { spec: vmcpServeSpec, load: async () => (await import('./commands/vmcp-serve.ts')).vmcpServe },
  {
    spec: vmcpValidateSpec,
    load: async () => (await import('./commands/vmcp-validate.ts')).vmcpValidate,
  },
  { spec: vmcpInitSpec, load: async () => (await import('./commands/vmcp-init.ts')).vmcpInit },
  {
    spec: workflowListSpec,
    load: async () => (await import('./commands/workflow-list.ts')).workflowList,
  },
  {
    spec: workflowShowSpec,
    load: async () => (await import('./commands/workflow-show.ts')).workflowShow,
  },
  {
    spec: workflowCancelSpec,
    load: async () => (await import('./commands/workflow-cancel.ts')).workflowCancel,
  },
  {
    spec: workflowResumeSpec,
    load: async () => (await import('./commands/workflow-resume.ts')).workflowResume,
  },
  {
    spec: workflowAnswerSpec,
    load: async () => (await import('./commands/workflow-answer.ts')).workflowAnswer,
  },
  {
    spec: workflowGraphSpec,
    load: async () => (await import('./commands/workflow-graph.ts')).workflowGraph,
  },
  {
    spec: workflowRunSpec,
    load: async () => (await import('./commands/workflow-run.ts')).workflowRun,
  },
  { spec: versionSpec, load: async () => (await import('./commands/version.ts')).version },
]
