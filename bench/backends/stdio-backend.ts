/**
 * The stdio fixture backend in plain Node: lines in, lines out, one write per chunk read. `--era dual|legacy|modern`.
 * Ends when its stdin ends.
 */
import { answerHead, type FixtureEra, type FixtureRequest } from './answers.ts'

const LINE_FEED = 10
const era = (argument('--era') ?? 'dual') as FixtureEra
const CLOSE = Buffer.from('}\n')
let rest: Buffer | undefined

process.stdout.on('error', () => process.exit(0))
process.stdin.on('end', () => process.exit(0))
process.stdin.on('data', (chunk: Buffer) => {
  const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
  const out: Buffer[] = []
  let start = 0
  for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
    answerLine(bytes.toString('utf8', start, end), out)
    start = end + 1
  }
  rest = start < bytes.length ? bytes.subarray(start) : undefined
  if (out.length > 0) process.stdout.write(out.length === 1 ? out[0]! : Buffer.concat(out))
})

function answerLine(line: string, out: Buffer[]): void {
  if (line.trim() === '') return
  const request = JSON.parse(line) as FixtureRequest
  if (request.id === undefined || request.method === undefined) return
  const head = answerHead(request, era)
  if ('error' in head) out.push(Buffer.from(`${head.error}\n`))
  else out.push(head, Buffer.from(JSON.stringify(request.id)), CLOSE)
}

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}
