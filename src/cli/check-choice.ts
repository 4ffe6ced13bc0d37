import { closest } from '../base/edit-distance.ts'
import { cliErrors } from './errors.ts'

/** The value of a flag that takes one of a few words. `what` is a noun for them: `a format`. Throws CLI_BAD_VALUE. */
export function checkChoice<Choice extends string>(
  flag: string,
  value: string,
  choices: readonly Choice[],
  what: string,
): Choice {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  const meant = closest(value, choices)
  const hint = `${flag} ${meant ?? listed(choices)}`
  throw cliErrors.BAD_VALUE({ flag, value, reason: `is not ${what}`, hint })
}

function listed(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
}
