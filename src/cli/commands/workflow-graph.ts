import { renderGraph } from '../../workflow/render-graph.ts'
import { checkChoice } from '../check-choice.ts'
import type { CommandHandler } from '../command-spec.ts'
import { findComposite } from '../find-composite.ts'
import { loadConfig } from '../load-config.ts'
import type { workflowGraphSpec } from '../specs/workflow.ts'

/** `thv workflow graph FILE [TOOL]`. */
export const workflowGraph: CommandHandler<typeof workflowGraphSpec> = async (flags, context) => {
  const { file, tool } = flags
  const formats = ['text', 'mermaid'] as const
  const format = checkChoice('--format', flags.format, formats, 'a format of drawings')
  const { config } = await loadConfig(file, context)
  const plans =
    tool === undefined
      ? config.composites.map(({ plan }) => plan)
      : [findComposite(config, tool, file)]
  if (plans.length === 0) context.note(`${file} has no composite tools`)
  for (const [index, plan] of plans.entries()) {
    if (index > 0) context.print('')
    context.print(renderGraph(plan, format).trimEnd())
  }
  return 0
}
