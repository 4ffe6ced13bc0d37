import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'

/** A form in the words of 2025-06-18. */
export interface PlainForm {
  readonly params: JsonObject
  /** The answer in the words of whoever asked; undefined: it is as it came. */
  readonly restore?: (answer: JsonObject) => JsonObject
}

/** One of which several can be chosen, as one yes-or-no for each option. */
interface Choice {
  readonly key: string
  readonly isRequired: boolean
  /** Name of the yes-or-no → what it chooses. */
  readonly options: ReadonlyMap<string, Json>
}

/**
 * What 2025-11-25 added to forms in words that 2025-06-18 has (its `PrimitiveSchemaDefinition`): titled enums become `enum` with
 * `enumNames`; a choice of several becomes yes-or-no questions, as there are no arrays.
 */
export function plainForm(params: JsonObject): PlainForm {
  const schema = params['requestedSchema']
  const properties = isJsonObject(schema) ? schema['properties'] : undefined
  if (!isJsonObject(schema) || !isJsonObject(properties)) return { params }
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const choices: Choice[] = []
  const taken = new Set(Object.keys(properties))
  const plain: [string, Json][] = []
  for (const [key, property] of Object.entries(properties)) {
    const options = optionsOfMany(property)
    if (options === undefined || !isJsonObject(property)) {
      plain.push([key, plainEnum(property ?? null)])
      continue
    }
    const questions = yesOrNo(key, property, options, taken)
    plain.push(...questions.map(({ name, question }): [string, Json] => [name, question]))
    choices.push({
      key,
      isRequired: required.includes(key),
      options: new Map(questions.map(({ name, value }) => [name, value])),
    })
  }
  const own: JsonObject = { ...schema, properties: Object.fromEntries(plain) }
  if (choices.length === 0) return { params: { ...params, requestedSchema: own } }
  if (required.length > 0) {
    own['required'] = required.filter((key) => !choices.some((choice) => choice.key === key))
  }
  return {
    params: { ...params, requestedSchema: own },
    restore: (answer) => withChoices(answer, choices),
  }
}

interface Option {
  readonly value: Json
  readonly title: string
}

function optionsOf(list: Json[]): Option[] {
  return list.filter(isJsonObject).map((option) => {
    const value = option['const'] ?? null
    const { title } = option
    return { value, title: typeof title === 'string' ? title : wordOf(value) }
  })
}

function plainEnum(property: Json): Json {
  if (!isJsonObject(property) || !Array.isArray(property['oneOf'])) return property
  const { oneOf, ...rest } = property
  const options = optionsOf(property['oneOf'])
  return {
    ...rest,
    enum: options.map(({ value }) => value),
    enumNames: options.map(({ title }) => title),
  }
}

/** Undefined: not a choice of several. */
function optionsOfMany(property: Json | undefined): Option[] | undefined {
  const items = isJsonObject(property) && property['type'] === 'array' && property['items']
  if (!isJsonObject(items)) return undefined
  const { enum: plain, anyOf } = items
  if (Array.isArray(anyOf)) return optionsOf(anyOf)
  return Array.isArray(plain) ? plain.map((value) => ({ value, title: wordOf(value) })) : undefined
}

function yesOrNo(
  key: string,
  property: JsonObject,
  options: readonly Option[],
  taken: Set<string>,
): { name: string; value: Json; question: JsonObject }[] {
  const { title, default: chosen } = property
  const about = [property['description'], bounds(property)].filter(
    (part) => typeof part === 'string',
  )
  return options.map((option, index) => {
    let name = `${key}.${wordOf(option.value)}`
    while (taken.has(name)) name += '_'
    taken.add(name)
    const question: JsonObject = {
      type: 'boolean',
      title: `${typeof title === 'string' ? title : key}: ${option.title}`,
    }
    if (index === 0 && about.length > 0) question['description'] = about.join(' ')
    if (Array.isArray(chosen)) question['default'] = chosen.includes(option.value)
    return { name, value: option.value, question }
  })
}

/** All versions have strings only. */
function wordOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What only the asker can check now. */
function bounds({ minItems: min, maxItems: max }: JsonObject): string | undefined {
  const parts = [
    ...(typeof min === 'number' && min > 0 ? [`at least ${min}`] : []),
    ...(typeof max === 'number' ? [`at most ${max}`] : []),
  ]
  return parts.length === 0 ? undefined : `(Choose ${parts.join(', ')}.)`
}

function withChoices(answer: JsonObject, choices: readonly Choice[]): JsonObject {
  const given = answer['content']
  if (!isJsonObject(given)) return answer
  const content: JsonObject = { ...given }
  for (const { key, isRequired, options } of choices) {
    const chosen: Json[] = []
    for (const [name, value] of options) {
      if (content[name] === true) chosen.push(value)
      delete content[name]
    }
    if (chosen.length > 0 || isRequired) content[key] = chosen
  }
  return { ...answer, content }
}
