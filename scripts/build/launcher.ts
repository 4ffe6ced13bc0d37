/**
 * The text of an executable `NAME.js`: on an old Node, which could not even parse the bundle, it says what is missing;
 * else it starts `NAME-main.js`, with what V8 compiled at earlier starts.
 *
 * Compiled code is code: a folder that somebody else could write to is not used. Without a folder everything is compiled anew.
 */
export function launcher(name: string, oldestMajor: number): string {
  return `#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < ${oldestMajor}) {
  console.error('Error: ${name} needs Node ${oldestMajor} or newer; this is ' + process.version)
  console.error('Try: npx -y -p node@${oldestMajor} ${name}')
  process.exitCode = 1
} else {
  keepCompiledCode(process.env)
  await import('./${name}-main.js')
}

function keepCompiledCode(env) {
  // Then Node does it by itself.
  if (env.NODE_COMPILE_CACHE !== undefined) return
  try {
    const { lstatSync, mkdirSync } = process.getBuiltinModule('node:fs')
    const folder = process.getBuiltinModule('node:path').join(cacheFolder(env), 'toolhive', 'compiled')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = lstatSync(folder)
    const isOurs = process.getuid === undefined || (uid === process.getuid() && (mode & 0o170022) === 0o040000)
    if (isOurs) process.getBuiltinModule('node:module').enableCompileCache(folder)
  } catch {
    // No home, a disk that is full or read-only: it works without.
  }
}

function cacheFolder(env) {
  const home = process.getBuiltinModule('node:os').homedir()
  if (env.XDG_CACHE_HOME) return env.XDG_CACHE_HOME
  if (process.platform === 'win32') return env.LOCALAPPDATA || home + '/AppData/Local'
  return home + (process.platform === 'darwin' ? '/Library/Caches' : '/.cache')
}
`
}
