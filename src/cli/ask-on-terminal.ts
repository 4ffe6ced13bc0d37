import { createInterface } from 'node:readline/promises'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { InputRequest } from '../mcp/messages.ts'

/** Where questions are asked: a terminal, or a fake of one. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
}

/**
 * Asks a person at a terminal what a form elicitation wants to know (2025-06-18, `elicitation/create`): an `ElicitResult`. The end of
 * the input is `cancel`.
 */
export async function askOnTerminal(
  { params }: InputRequest,
  terminal: Terminal,
): Promise<JsonObject> {
  const lines = createInterface(terminal)
  const ended = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)))
  const ask = (question: string): Promise<string | undefined> =>
    Promise.race([lines.question(question), ended])
  try {
    return await converse(params, ask)
  } finally {
    lines.close()
  }
}

type Ask = (question: string) => Promise<string | undefined>

async function converse(params: JsonObject, ask: Ask): Promise<JsonObject> {
  const { message, requestedSchema } = params
  const action = await askWhether(shown(message), ask)
  if (action !== 'accept') return { action }
  const properties = isJsonObject(requestedSchema) ? requestedSchema['properties'] : undefined
  const content: JsonObject = {}
  for (const [name, schema] of Object.entries(isJsonObject(properties) ? properties : {})) {
    if (!isJsonObject(schema)) continue
    const value = await askFor(name, schema, isRequired(requestedSchema, name), ask)
    if (value === 'ended') return { action: 'cancel' }
    if (value.given !== undefined) content[name] = value.given
  }
  return { action: 'accept', content }
}

const MAX_ASKED = 5

/** Asks again after what is none of the answers; after so many of them nobody is there who reads. */
async function askWhether(message: string, ask: Ask): Promise<'accept' | 'decline' | 'cancel'> {
  let question = `\n${message}\nAnswer? [y]es, [n]o, [c]ancel: `
  for (let asked = 0; asked < MAX_ASKED; asked++) {
    const answer = (await ask(question))?.trim()
    if (answer === undefined || /^c(ancel)?$/i.test(answer)) return 'cancel'
    if (/^y(es)?$/i.test(answer)) return 'accept'
    if (/^no?$/i.test(answer)) return 'decline'
    question = 'Please write y, n or c: '
  }
  return 'cancel'
}

/** Asks until the answer can be what the schema wants. */
async function askFor(
  name: string,
  schema: JsonObject,
  required: boolean,
  ask: Ask,
): Promise<{ readonly given: Json | undefined } | 'ended'> {
  for (;;) {
    const text = await ask(`  ${questionFor(name, schema)}`)
    if (text === undefined) return 'ended'
    const trimmed = text.trim()
    if (trimmed === '' && schema['default'] !== undefined) return { given: schema['default'] }
    if (trimmed === '' && !required) return { given: undefined }
    const value = valueFor(trimmed, schema)
    if (value !== undefined) return { given: value }
  }
}

function questionFor(name: string, schema: JsonObject): string {
  const { title, description, enum: choices, type } = schema
  const label =
    typeof title === 'string' ? title : typeof description === 'string' ? description : name
  const kinds = Array.isArray(choices)
    ? choices.map(shown).join(' | ')
    : type === 'boolean'
      ? 'yes | no'
      : type === 'string'
        ? ''
        : shown(type)
  const preset = schema['default'] === undefined ? '' : ` [${shown(schema['default'])}]`
  return `${label}${kinds === '' ? '' : ` (${kinds})`}${preset}: `
}

/** Undefined: it cannot be that. */
function valueFor(text: string, { enum: choices, type }: JsonObject): Json | undefined {
  if (Array.isArray(choices)) return choices.find((choice) => shown(choice) === text)
  switch (type) {
    case 'boolean':
      if (/^(y|yes|true)$/i.test(text)) return true
      return /^(n|no|false)$/i.test(text) ? false : undefined
    case 'integer':
    case 'number': {
      const value = Number(text)
      const isFit =
        text !== '' && (type === 'integer' ? Number.isInteger(value) : Number.isFinite(value))
      return isFit ? value : undefined
    }
    default:
      return text === '' ? undefined : text
  }
}

function isRequired(schema: Json | undefined, name: string): boolean {
  const required = isJsonObject(schema) ? schema['required'] : undefined
  return Array.isArray(required) && required.includes(name)
}

function shown(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '')
}
