import { z } from 'zod'
import { crossCheck } from '../schema/cross-check.ts'
import { count, duration, headerMap, httpUrl, text } from '../schema/fields.ts'

const ratioText = (description: string, max: number) =>
  z
    .union([z.string(), z.number()])
    .refine((v) => String(v).trim() !== '' && Number(v) >= 0 && Number(v) <= max, {
      error: `must be a number from 0 to ${max} in quotes, such as "0.5"`,
    })
    .transform(Number)
    .meta({ description })

const REFUSED_EMBEDDING_HEADERS = ['authorization', 'content-type']

/** `optimizer`: tool search instead of the whole list; the section turns it on. */
export const optimizer = crossCheck(
  z.strictObject({
    embeddingService: httpUrl('Base URL of the embedding service; none = words only').optional(),
    embeddingServiceTimeout: duration('Longest wait for it', 'positive').prefault('30s'),
    embeddingProvider: z
      .enum(['tei', 'openai'])
      .meta({ description: 'What the embedding service speaks' })
      .default('tei'),
    embeddingModel: text('Model, only for openai').optional(),
    embeddingHeaders: headerMap('Headers of every request, only for openai; at most 32').optional(),
    maxToolsToReturn: count('Tools one search gives', 1, 50).default(8),
    hybridSearchSemanticRatio: ratioText('Share of results by meaning, "0" to "1"', 1).default(0.5),
    semanticDistanceThreshold: ratioText('Farthest result by meaning, "0" to "2"', 2).default(1),
  }),
  (block, report) => {
    const headers = Object.keys((block.embeddingHeaders as object | undefined) ?? {})
    if (headers.length > 32) report(['embeddingHeaders'], 'must have at most 32 items')
    for (const name of headers) {
      if (!REFUSED_EMBEDDING_HEADERS.includes(name.toLowerCase())) continue
      report(['embeddingHeaders'], `must not set "${name}"`)
    }
    if (block.embeddingProvider === 'openai') {
      for (const key of ['embeddingService', 'embeddingModel'] as const) {
        if (block[key] === undefined) report([], `needs \`${key}\` for the provider openai`)
      }
    } else {
      for (const key of ['embeddingModel', 'embeddingHeaders'] as const) {
        if (block[key] !== undefined) report([key], 'goes only with the provider openai')
      }
    }
  },
).transform(({ embeddingServiceTimeout, ...v }) => ({
  ...v,
  embeddingServiceTimeoutMs: embeddingServiceTimeout,
}))

/** `optimizer`, checked, with defaults; ratios are numbers. */
export type OptimizerConfig = z.output<typeof optimizer>

/** `codeMode`: the tool execute_tool_script. */
export const codeMode = z
  .strictObject({
    enabled: z.boolean().meta({ description: 'Offer it' }).default(false),
    stepLimit: count('Steps of one script', 1).default(100_000),
    parallelMaxConcurrency: count('Calls at once', 1).default(10),
    toolCallTimeout: duration('Longest single call', 'positive').prefault('30s'),
  })
  .transform(({ toolCallTimeout, ...v }) => ({ ...v, toolCallTimeoutMs: toolCallTimeout }))

/** `codeMode`, checked, with defaults. */
export type CodeModeConfig = z.output<typeof codeMode>
