import { renderGraph } from '../../workflow/render-graph.ts'
import type { CommandHandler } from '../command-spec.ts'
import { cliErrors } from '../errors.ts'
import { findComposite } from '../find-composite.ts'
import { loadConfig } from '../load-config.ts'
import type { workflowGraphSpec } from '../specs/workflow.ts'

/** `thv workflow graph FILE [TOOL]`. */
export const workflowGraph: CommandHandler<typeof workflowGraphSpec> = async (flags, context) => {
  const { file, tool, format } = flags
  if (format !== 'text' && format !== 'mermaid') {
    const hint = '--format text or --format mermaid'
    throw cliErrors.BAD_VALUE({
      flag: '--format',
      value: format,
      reason: 'is not a format of drawings',
      hint,
    })
  }
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
