import { QUOTE_COST } from '../limits.ts'
import { toBytes } from '../text/go-string.ts'
import { canBackquote, quote } from '../text/quote.ts'
import { type Flags, pad, truncate } from './flags.ts'

/** A text by a verb of texts; nothing if the verb is none. */
export function formatText(text: string, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
      return flags.goSyntax ? quoted(text, flags) : pad(truncate(text, flags.precision), flags)
    case 's':
      return pad(truncate(text, flags.precision), flags)
    case 'q':
      return quoted(text, flags)
    case 'x':
      return hex(text, flags)
    case 'X':
      return hex(text, flags).toUpperCase()
    default:
      return undefined
  }
}

function quoted(text: string, flags: Flags): string {
  const shown = truncate(text, flags.precision)
  flags.budget.work(shown.length * QUOTE_COST)
  if (flags.sharp && canBackquote(shown)) return pad(`\`${shown}\``, flags)
  return pad(quote(shown, { asciiOnly: flags.plus }), flags)
}

/** The bytes in hexadecimal; the precision counts bytes, a space stands between them if asked. */
function hex(text: string, flags: Flags): string {
  // A byte takes at most one UTF-16 unit.
  const bytes = toBytes(text.slice(0, flags.precision)).subarray(0, flags.precision)
  if (bytes.length === 0) return pad('', flags)
  const prefix = flags.sharp ? '0x' : ''
  const digits = bytes.toString('hex')
  const separated = flags.space ? digits.replace(/..(?!$)/g, `$& ${prefix}`) : digits
  return pad(prefix + separated, flags)
}
