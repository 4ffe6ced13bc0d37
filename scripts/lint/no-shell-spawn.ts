import type { Node, Rule } from './rule.ts'

/** Commands are a program and a list of arguments. A string for a shell invites injection and breaks on spaces. */
export const noShellSpawn: Rule = {
  create: (context) => ({
    ImportDeclaration(node) {
      if (!/^(node:)?child_process$/.test(String(node.source?.value))) return
      for (const specifier of node.specifiers ?? [])
        if (/^exec(Sync)?$/.test(specifier.imported?.name ?? ''))
          context.report({
            node: specifier,
            message: 'No exec(): use spawn or execFile with arguments',
          })
    },
    Property(node) {
      if (node.key?.name === 'shell' && isOn(node.value as Node))
        context.report({ node, message: 'No shell: give the program and its arguments as a list' })
    },
  }),
}

/** A literal `true` or the path of a shell; a value computed elsewhere is not ours to judge. */
function isOn(value: Node): boolean {
  return value.type === 'Literal' && (value.value === true || typeof value.value === 'string')
}
