import { z } from 'zod'

/** The five hints a tool may carry. Absent keeps what the tool says, present (even `false` or `''`) replaces it. */
export const toolAnnotations = z
  .strictObject({
    title: z.string().meta({ description: 'Name for people' }).optional(),
    readOnlyHint: z.boolean().meta({ description: 'Changes nothing' }).optional(),
    destructiveHint: z.boolean().meta({ description: 'May destroy something' }).optional(),
    idempotentHint: z.boolean().meta({ description: 'Twice is as good as once' }).optional(),
    openWorldHint: z.boolean().meta({ description: 'Reaches beyond its server' }).optional(),
  })
  .meta({ id: 'ToolAnnotations', description: 'Hints of a tool; absent = as the tool says' })

/** The five hints, each present only where it replaces. */
export type ToolAnnotations = z.output<typeof toolAnnotations>
