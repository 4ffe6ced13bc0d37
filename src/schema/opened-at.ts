import { Parser, type CST, type YAMLError } from 'yaml'

/** Where what an error is about begins: far above the place where the parser gave up. */
export interface Opened {
  readonly offset: number
  readonly reason: string
  readonly hint: string
}

/** Looks in a file for what its errors come from. */
export interface OpenedIn {
  /** Where the bracket or quote was opened that `error` misses the end of; undefined: it is about something else. */
  at(error: YAMLError): Opened | undefined
  /**
   * The quote that begins on an earlier line and ends just before `offset`: what stands behind it is strange because the
   * quote that should have ended it is missing.
   */
  quoteBefore(offset: number): number | undefined
}

/** Reads `text` once, when it is first asked. */
export function openedIn(text: string): OpenedIn {
  let read: CST.Token[] | undefined
  const all = (): CST.Token[] => (read ??= tokens(text))
  return {
    at({ message, pos }) {
      const close = /must (?:.* and )?end with a ([\]}])/.exec(message)?.[1]
      if (close !== undefined) return openedBracket(all(), close, pos[0])
      if (!message.startsWith('Missing closing')) return undefined
      return openedQuote(text, all(), pos[0])
    },
    quoteBefore(offset) {
      const line = text.lastIndexOf('\n', offset - 1) + 1
      return quotes(all()).find(
        ({ start, end }) =>
          start < line && end > line && end <= offset && !text.slice(end, offset).includes('\n'),
      )?.start
    },
  }
}

function openedBracket(
  all: readonly CST.Token[],
  close: string,
  before: number,
): Opened | undefined {
  const [open, end] = close === ']' ? ['[', 'flow-seq-end'] : ['{', 'flow-map-end']
  const token = all.findLast(
    (each) =>
      each.type === 'flow-collection' &&
      each.start.source === open &&
      each.start.offset < before &&
      !each.end.some(({ type }) => type === end),
  )
  if (token?.type !== 'flow-collection') return undefined
  const reason = `the "${open}" that opens here is never closed`
  return { offset: token.start.offset, reason, hint: `add "${close}"` }
}

function openedQuote(text: string, all: readonly CST.Token[], before: number): Opened | undefined {
  const quote = quotes(all).findLast(({ start, end }) => start < before && end >= before)
  if (quote === undefined) return undefined
  const mark = text[quote.start] ?? ''
  const reason = `the quote ${mark} that opens here is never closed`
  return { offset: quote.start, reason, hint: `add ${mark} where the text ends` }
}

function quotes(all: readonly CST.Token[]): { start: number; end: number }[] {
  return all.flatMap((token) =>
    token.type === 'single-quoted-scalar' || token.type === 'double-quoted-scalar'
      ? [{ start: token.offset, end: token.offset + token.source.length }]
      : [],
  )
}

/** All tokens of all depths, in the order of the text. Not by recursion: nesting may be deep. */
function tokens(text: string): CST.Token[] {
  const found: CST.Token[] = []
  const open: CST.Token[] = [...new Parser().parse(text)].toReversed()
  for (let token = open.pop(); token !== undefined; token = open.pop()) {
    found.push(token)
    open.push(...inside(token).toReversed())
  }
  return found
}

function inside(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value]
  if (!('items' in token)) return []
  return token.items.flatMap(({ key, value }) => [key, value].filter((each) => !!each))
}
