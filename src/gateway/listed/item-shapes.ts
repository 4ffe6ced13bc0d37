import type { Json } from '../../base/json.ts'
import { isZonedTime } from './zoned-time.ts'
import { inputSchema, outputSchema } from './json-schema.ts'
import {
  anyNumber,
  fault,
  flag,
  listOf,
  numberWithin,
  objectOf,
  oneOf,
  text,
  type Shape,
} from './shapes.ts'

const anyObject = objectOf({})
const cannotDoWithout = () => undefined

const time: Shape = (value, faults) =>
  typeof value === 'string' && isZonedTime(value)
    ? value
    : fault(faults, 'must be a date and time with its zone (ISO 8601)')

const icon = objectOf(
  { src: text, mimeType: text, sizes: listOf(text), theme: oneOf('light', 'dark') },
  { src: cannotDoWithout },
)

const annotations = objectOf({
  audience: listOf(oneOf('user', 'assistant')),
  priority: numberWithin(0, 1, 'must be a number from 0 to 1'),
  lastModified: time,
})

const described = { title: text, description: text, icons: listOf(icon), _meta: anyObject }

/** `Tool` of all versions of MCP; what a version does not have, down-conversion takes out. */
export const tool = objectOf(
  {
    name: text,
    ...described,
    inputSchema,
    outputSchema,
    annotations: objectOf({
      title: text,
      readOnlyHint: flag,
      destructiveHint: flag,
      idempotentHint: flag,
      openWorldHint: flag,
    }),
    execution: objectOf({ taskSupport: oneOf('required', 'optional', 'forbidden') }),
  },
  {
    name: cannotDoWithout,
    inputSchema: (_tool, given) => (given === undefined ? { type: 'object' } : undefined),
  },
)

export const prompt = objectOf(
  {
    name: text,
    ...described,
    arguments: listOf(
      objectOf(
        { name: text, title: text, description: text, required: flag },
        { name: cannotDoWithout },
      ),
    ),
  },
  { name: cannotDoWithout },
)

export const resource = objectOf(
  {
    uri: text,
    name: text,
    ...described,
    mimeType: text,
    size: anyNumber,
    annotations,
  },
  { uri: cannotDoWithout, name: ({ uri }) => uri },
)

export const resourceTemplate = objectOf(
  { uriTemplate: text, name: text, ...described, mimeType: text, annotations },
  { uriTemplate: cannotDoWithout, name: ({ uriTemplate }) => uriTemplate },
)

/** `Task` of 2025-11-25; `ttl` null: without end. */
export const task = objectOf(
  {
    taskId: text,
    status: oneOf('working', 'input_required', 'completed', 'failed', 'cancelled'),
    statusMessage: text,
    createdAt: text,
    lastUpdatedAt: text,
    ttl: (value: Json, faults) => (value === null ? value : anyNumber(value, faults)),
    pollInterval: anyNumber,
  },
  {
    taskId: cannotDoWithout,
    status: cannotDoWithout,
    createdAt: cannotDoWithout,
    lastUpdatedAt: ({ createdAt }) => createdAt,
    ttl: () => null,
  },
)
