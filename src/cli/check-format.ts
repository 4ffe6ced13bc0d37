import { checkChoice } from './check-choice.ts'

/** The value of --format, `text` or `json`. */
export function checkFormat(value: string): 'text' | 'json' {
  return checkChoice('--format', value, ['text', 'json'], 'a format')
}
