/** Bounds the work of a match; longer uris are only found if they are listed. */
const MAX_URI_LENGTH = 8192
const MAX_TEMPLATE_LENGTH = 2048

/**
 * Whether a uri can be an expansion of an RFC 6570 template; undefined if the template cannot be parsed. Levels 1 to 4.
 * Values are not taken apart; variables may be undefined. The time grows with uri × template, never faster: templates
 * come from backends and uris from clients, so a backtracking regular expression would be a way to stop the gateway.
 */
export function createTemplateMatcher(template: string): ((uri: string) => boolean) | undefined {
  const program = compile(template)
  if (program === undefined) return undefined
  const open = template.indexOf('{')
  const literalStart = open < 0 ? template : template.slice(0, open)
  return (uri) => uri.length <= MAX_URI_LENGTH && uri.startsWith(literalStart) && run(program, uri)
}

/** The characters a value may consist of. */
type Allowed = (code: number) => boolean

/** `skip`: the next `count` instructions may be left out. */
type Instruction =
  | { readonly kind: 'char'; readonly code: number }
  | { readonly kind: 'any-number'; readonly allowed: Allowed }
  | { readonly kind: 'skip'; readonly count: number }

const anything: Allowed = () => true
const inQuery: Allowed = (code) => code !== 0x23
const inPath: Allowed = (code) => code !== 0x3f && code !== 0x23
const inSegment: Allowed = (code) => code !== 0x2f && inPath(code)

/** What each operator puts before its values, and what these may contain: of one variable, of several or exploded. */
const OPERATORS: Readonly<Record<string, { first: string; one: Allowed; several: Allowed }>> = {
  '': { first: '', one: inSegment, several: inSegment },
  '+': { first: '', one: anything, several: anything },
  '#': { first: '#', one: anything, several: anything },
  '.': { first: '.', one: inSegment, several: inSegment },
  '/': { first: '/', one: inSegment, several: inPath },
  ';': { first: ';', one: inSegment, several: inSegment },
  '?': { first: '?', one: inQuery, several: inQuery },
  '&': { first: '&', one: inQuery, several: inQuery },
}

const EXPRESSION =
  /^([+#./;?&]?)([A-Za-z0-9_.%]+(?::\d{1,4}|\*)?(?:,[A-Za-z0-9_.%]+(?::\d{1,4}|\*)?)*)$/

function compile(template: string): Instruction[] | undefined {
  if (template.length > MAX_TEMPLATE_LENGTH) return undefined
  const program: Instruction[] = []
  let at = 0
  while (at < template.length) {
    const open = template.indexOf('{', at)
    const literal = template.slice(at, open < 0 ? undefined : open)
    if (literal.includes('}')) return undefined
    pushLiteral(program, literal)
    if (open < 0) break
    const close = template.indexOf('}', open)
    if (close < 0 || !pushExpression(program, template.slice(open + 1, close))) return undefined
    at = close + 1
  }
  return program
}

function pushLiteral(program: Instruction[], literal: string): void {
  for (let i = 0; i < literal.length; i++) {
    program.push({ kind: 'char', code: literal.charCodeAt(i) })
  }
}

function pushExpression(program: Instruction[], expression: string): boolean {
  const [, operator = '', names] = EXPRESSION.exec(expression) ?? []
  const rules = OPERATORS[operator]
  if (names === undefined || rules === undefined) return false
  const { first, one, several } = rules
  // Values of one expression stand side by side: one run of their characters and separators says as much.
  const allowed = names.includes(',') || names.includes('*') ? several : one
  if (first !== '') {
    program.push({ kind: 'skip', count: 2 }, { kind: 'char', code: first.charCodeAt(0) })
  }
  program.push({ kind: 'any-number', allowed })
  return true
}

/** Follows all ways through the program at once, one character after another. */
function run(program: readonly Instruction[], uri: string): boolean {
  let now = new Uint8Array(program.length + 1)
  let next = new Uint8Array(program.length + 1)
  now[0] = 1
  for (let i = 0; i < uri.length; i++) {
    if (!step(program, now, next, uri.charCodeAt(i))) return false
    const spent = now
    now = next
    next = spent.fill(0)
  }
  withoutReading(program, now)
  return now[program.length] === 1
}

/** Reads one character; false if no way goes on. */
function step(
  program: readonly Instruction[],
  now: Uint8Array,
  next: Uint8Array,
  code: number,
): boolean {
  let isAlive = false
  withoutReading(program, now)
  for (let i = 0; i < program.length; i++) {
    if (now[i] === 0) continue
    const instruction = program[i]!
    if (instruction.kind === 'char' && instruction.code === code) next[i + 1] = 1
    else if (instruction.kind === 'any-number' && instruction.allowed(code)) next[i] = 1
    else continue
    isAlive = true
  }
  return isAlive
}

function withoutReading(program: readonly Instruction[], now: Uint8Array): void {
  for (let i = 0; i < program.length; i++) {
    const instruction = program[i]!
    if (now[i] === 0 || instruction.kind === 'char') continue
    now[i + 1] = 1
    if (instruction.kind === 'skip') now[i + 1 + instruction.count] = 1
  }
}
