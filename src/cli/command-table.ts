import type { Command } from './command-spec.ts'
import { versionSpec } from './specs/version.ts'
import { vmcpInitSpec, vmcpServeSpec, vmcpValidateSpec } from './specs/vmcp.ts'

/** Every command of `thv`. A handler is loaded when it is called, so that the others cost nothing. */
export const COMMANDS: readonly Command[] = [
  { spec: vmcpServeSpec, load: async () => (await import('./commands/vmcp-serve.ts')).vmcpServe },
  {
    spec: vmcpValidateSpec,
    load: async () => (await import('./commands/vmcp-validate.ts')).vmcpValidate,
  },
  { spec: vmcpInitSpec, load: async () => (await import('./commands/vmcp-init.ts')).vmcpInit },
  { spec: versionSpec, load: async () => (await import('./commands/version.ts')).version },
]
