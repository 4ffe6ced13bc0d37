/** The text of `thv.js`: says what is missing on an old Node, which could not even parse the bundle, or starts it. */
export function launcher(bundle: string, oldestMajor: number): string {
  return `#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < ${oldestMajor}) {
  console.error('Error: thv needs Node ${oldestMajor} or newer; this is ' + process.version)
  console.error('Try: install a newer Node, or run it with: npx -p node@${oldestMajor} -p toolhive thv')
  process.exitCode = 1
} else {
  await import('./${bundle}.js')
}
`
}
