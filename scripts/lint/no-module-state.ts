import type { Rule } from './rule.ts'

/** Module-level `let` is state shared by everything in the process, tests included. */
export const noModuleState: Rule = {
  create: (context) => ({
    VariableDeclaration(node) {
      const atTop =
        node.parent?.type === 'Program' || node.parent?.type === 'ExportNamedDeclaration'
      if (atTop && node.kind !== 'const')
        context.report({
          node,
          message: 'No state at module level: keep it in what createX() returns',
        })
    },
  }),
}
