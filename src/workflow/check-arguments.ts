import type { JsonObject } from '../base/json.ts'
import { fillDefaults } from './fill-defaults.ts'
import { compileSchema } from './json-schema.ts'
import type { SchemaMistake } from './schema-mistakes.ts'

/** Arguments with all defaults filled in, or what is wrong with them. */
export type CheckedArguments =
  | { readonly ok: true; readonly args: JsonObject }
  | { readonly ok: false; readonly mistakes: readonly SchemaMistake[] }

/**
 * Makes the check of the arguments of a composite tool: its `parameters` are compiled once, then every call is checked for real.
 * Without `parameters` any arguments will do. Throws when the schema is none, which validation has found before.
 */
export function createArgumentsCheck(
  parameters: JsonObject | undefined,
): (args: JsonObject) => CheckedArguments {
  if (parameters === undefined) return (args) => ({ ok: true, args })
  const compiled = compileSchema(parameters)
  if (!compiled.ok) throw new Error(`The parameters cannot be checked: ${compiled.reason}`)
  return (args) => {
    // A default that breaks its own schema is not the caller's mistake.
    const mistakes = compiled.check(fillDefaults(parameters, args, 'skip'))
    if (mistakes.length > 0) return { ok: false, mistakes }
    return { ok: true, args: fillDefaults(parameters, args) }
  }
}
