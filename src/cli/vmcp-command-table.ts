import type { Command, CommandSpec } from './command-spec.ts'
import { versionSpec } from './specs/version.ts'
import { vmcpServeSpec, vmcpValidateSpec } from './specs/vmcp.ts'

/**
 * The commands of the `vmcp` program, which runs in containers: those of `thv vmcp` under shorter names. What is only for
 * a laptop (`init`) is left out; the other flags are harmless there and stay.
 */
export const VMCP_COMMANDS: readonly Command[] = [
  {
    spec: renamed(vmcpServeSpec, 'serve'),
    load: async () => (await import('./commands/vmcp-serve.ts')).vmcpServe,
  },
  {
    spec: renamed(vmcpValidateSpec, 'validate'),
    load: async () => (await import('./commands/vmcp-validate.ts')).vmcpValidate,
  },
  { spec: versionSpec, load: async () => (await import('./commands/version.ts')).version },
]

function renamed(spec: CommandSpec, name: string): CommandSpec {
  const examples = spec.examples?.map((example) => example.replace(spec.name, name))
  return { ...spec, name, ...(examples ? { examples } : {}) }
}
