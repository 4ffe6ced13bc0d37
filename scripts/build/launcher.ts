/**
 * The text of an executable `NAME.js`: on an old Node, which could not even parse the bundle, it says what is missing;
 * else it starts `NAME-main.js`.
 */
export function launcher(name: string, oldestMajor: number): string {
  return `#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < ${oldestMajor}) {
  console.error('Error: ${name} needs Node ${oldestMajor} or newer; this is ' + process.version)
  console.error('Try: npx -y -p node@${oldestMajor} ${name}')
  process.exitCode = 1
} else {
  await import('./${name}-main.js')
}
`
}
