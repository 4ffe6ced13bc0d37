import { scanResponse } from '../../src/mcp/raw-response.ts'
import { renderRaw } from '../../src/mcp/render-raw.ts'
import { LineSplitter } from '../../src/net/line-splitter.ts'
import { SseParser } from '../../src/net/sse-parser.ts'
import { BIG_TOOL, SMALL_TOOL, answerHead } from '../backends/answers.ts'

/** One hot piece on one input. */
export interface Piece {
  readonly name: string
  readonly input: string
  readonly bytes: number
  run(): unknown
}

const CHUNK_BYTES = 65_536
const RENDER = {
  id: 7,
  serverInfoJson: '{"name":"bench","version":"1.0.0"}',
} as const

/** The pieces every relayed call passes, each beside the plain way to do the same. */
export function hotPieces(): Piece[] {
  return [
    ...onInput('100 B', response(SMALL_TOOL)),
    ...onInput('100 kB text', response(BIG_TOOL)),
    ...onInput('100 kB JSON in text', jsonInText()),
  ]
}

function onInput(input: string, message: Buffer): Piece[] {
  const raw = scanResponse(message)
  if (typeof raw !== 'object') throw new Error('the scanner refuses the fixture')
  const line = Buffer.concat([message, Buffer.from('\n')])
  const event = Buffer.concat([Buffer.from('event: message\ndata: '), message, Buffer.from('\n\n')])
  const pieces: [string, () => unknown][] = [
    ['JSON.parse + stringify', () => JSON.stringify(JSON.parse(message.toString()))],
    ['scanResponse', () => scanResponse(message)],
    ['renderRaw legacy', () => renderRaw(raw, { ...RENDER, dialect: 'legacy' })],
    ['renderRaw modern', () => renderRaw(raw, { ...RENDER, dialect: 'modern' })],
    ['LineSplitter, 64 kB chunks', () => splitLines(line)],
    ['SseParser, 64 kB chunks', () => parseEvents(event)],
  ]
  return pieces.map(([name, run]) => ({ name, input, bytes: message.length, run }))
}

function response(tool: string): Buffer {
  const head = answerHead({ id: 1, method: 'tools/call', params: { name: tool } }, 'dual')
  if ('error' in head) throw new Error(head.error)
  return Buffer.concat([head, Buffer.from('1}')])
}

/** The worst text for a scanner: every other character escaped. */
function jsonInText(): Buffer {
  const rows = Array.from({ length: 1200 }, (_, id) => ({
    id,
    name: `row ${id}`,
    tags: ['a', 'b'],
  }))
  const result = { content: [{ type: 'text', text: JSON.stringify(rows, undefined, 1) }] }
  return Buffer.from(JSON.stringify({ result, jsonrpc: '2.0', id: 1 }))
}

function splitLines(bytes: Buffer): number {
  let lines = 0
  const splitter = new LineSplitter({
    maxBytes: 1 << 24,
    onLine: () => {
      lines += 1
    },
    onTooLong: () => {},
  })
  for (const chunk of chunksOf(bytes)) splitter.push(chunk)
  return lines
}

function parseEvents(bytes: Buffer): number {
  let events = 0
  const handler = {
    onEvent: () => {
      events += 1
    },
    onTooLong: () => {},
  }
  const parser = new SseParser(handler, 1 << 24)
  for (const chunk of chunksOf(bytes)) parser.push(chunk)
  return events
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES)
}
