import { BIG_TEXT, SMALL_TEXT } from '../backends/answers.ts'

export type Expected = 'small' | 'big'

/** Why a tools/call answer is wrong, or undefined. Reads JSON and event-stream bodies. */
export function checkAnswer(body: Buffer, id: number, expected: Expected): string | undefined {
  const message = parseMessage(body.toString())
  if (message === undefined) return `no JSON-RPC message in: ${body.toString().slice(0, 200)}`
  if (message.error !== undefined) return `error: ${JSON.stringify(message.error).slice(0, 300)}`
  if (message.id !== id) return `id ${JSON.stringify(message.id)} instead of ${id}`
  const text = message.result?.content?.[0]?.text
  const wanted = expected === 'small' ? SMALL_TEXT : BIG_TEXT
  return text === wanted ? undefined : `another text: ${String(text).slice(0, 100)}`
}

export interface ReadMessage {
  readonly id?: unknown
  readonly error?: unknown
  readonly result?: {
    readonly content?: readonly { readonly text?: string }[]
    readonly tools?: readonly { readonly name: string }[]
  }
}

/** The response in a JSON body, or in the last `data:` of an event stream. */
export function parseMessage(text: string): ReadMessage | undefined {
  if (text.startsWith('{')) return JSON.parse(text) as ReadMessage
  const lines = text.split('\n').filter((line) => line.startsWith('data:') && line.includes('{'))
  const last = lines.at(-1)
  return last === undefined ? undefined : (JSON.parse(last.slice(5)) as ReadMessage)
}
