import { noAmbient } from './no-ambient.ts'
import { noModuleMock } from './no-module-mock.ts'
import { noModuleState } from './no-module-state.ts'
import { noShellSpawn } from './no-shell-spawn.ts'

/** The rules of this house that no linter ships, as a plugin for oxlint. */
export default {
  meta: { name: 'house' },
  rules: {
    'no-ambient': noAmbient,
    'no-module-mock': noModuleMock,
    'no-module-state': noModuleState,
    'no-shell-spawn': noShellSpawn,
  },
}
