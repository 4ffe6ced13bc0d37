import { pathOf } from './rule.ts'
import type { Node, Rule, RuleContext } from './rule.ts'

const READS = new Map([
  [
    'process.env',
    'take the value as a parameter; only cli/, app/ and system/ read the environment',
  ],
  ['process.argv', 'take the value as a parameter; only cli/ reads the command line'],
  ['Date.now', 'take `now` as a parameter, or use base/clock.ts'],
  ['Math.random', 'take the value as a parameter, or use base/ids.ts'],
  ['crypto.randomUUID', 'take the id as a parameter, or use base/ids.ts'],
])
const ACTS = new Map([
  ['process.exit', 'throw, or return a value; only cli/ and app/ end the process'],
  ['process.chdir', 'take the folder as a parameter: all tests share one process'],
])

/**
 * Keeps the process, the clock and chance out of the lower floors. Option `{ allow: ['read'] }` (tests) permits
 * reading them, but neither `process.exit`, `process.chdir` nor writing to `process.env`.
 */
export const noAmbient: Rule = {
  meta: { schema: [{ type: 'object' }] },
  create(context) {
    const mayRead = allowsReading(context)
    const report = (node: Node, what: string, hint: string): void =>
      context.report({ node, message: `No ${what} here: ${hint}` })
    return {
      MemberExpression(node) {
        const path = pathOf(node)
        const hint =
          path === undefined
            ? undefined
            : (ACTS.get(path) ?? (mayRead ? undefined : READS.get(path)))
        if (path !== undefined && hint !== undefined) report(node, path, hint)
      },
      AssignmentExpression(node) {
        if (mayRead && writesEnvironment(node.left))
          report(
            node,
            'writing to process.env',
            'all tests share one process; give children their own `env`',
          )
      },
      NewExpression(node) {
        if (!mayRead && pathOf(node.callee) === 'Date' && node.arguments?.length === 0)
          report(node, 'new Date()', READS.get('Date.now')!)
      },
      ImportDeclaration(node) {
        if (mayRead || !/^(node:)?crypto$/.test(String(node.source?.value))) return
        for (const specifier of node.specifiers ?? [])
          if (specifier.imported?.name === 'randomUUID')
            report(specifier, 'randomUUID', READS.get('crypto.randomUUID')!)
      },
    }
  },
}

function allowsReading(context: RuleContext): boolean {
  const option = context.options[0] as { allow?: readonly string[] } | undefined
  return option?.allow?.includes('read') === true
}

function writesEnvironment(target: Node | undefined): boolean {
  return target?.type === 'MemberExpression' && pathOf(target.object) === 'process.env'
}
