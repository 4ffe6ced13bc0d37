import { pathOf } from './rule.ts'
import type { Rule } from './rule.ts'

const MOCKS = /(^|\.)(mock\.module|vi\.mock|jest\.mock)$/

/** A test that needs a module replaced shows code that takes a dependency it should have been given. */
export const noModuleMock: Rule = {
  create: (context) => ({
    CallExpression(node) {
      const path = pathOf(node.callee)
      if (path !== undefined && MOCKS.test(path))
        context.report({
          node,
          message: `No ${path}(): pass the dependency as a parameter instead`,
        })
    },
  }),
}
