import { rolldown } from 'rolldown'
import type { RolldownOutput } from 'rolldown'
import { builtinModules } from './builtin-modules.ts'
import { helperScripts } from './helper-scripts.ts'

interface BundleOptions {
  /** Name of the file in `outDir` without `.js` → source file. */
  entries: Readonly<Record<string, string>>
  outDir: string
}

/**
 * Bundles executables with all they import. What is imported lazily, and each helper script, becomes a file of its
 * own; all lie flat in `outDir`, so that relative urls of helpers hold. Fails on any warning of the bundler.
 */
export async function bundle({ entries, outDir }: BundleOptions): Promise<RolldownOutput> {
  const build = await rolldown({
    input: { ...entries },
    platform: 'node',
    tsconfig: false,
    plugins: [helperScripts(), builtinModules()],
    onLog(level, log) {
      // Packages may do as they like; our own files may not.
      if (level === 'warn' && !/node_modules/.test(log.message + (log.id ?? '')))
        throw new Error(`${log.code}: ${log.message}`)
    },
  })
  const output = await build.write({
    dir: outDir,
    cleanDir: true,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    comments: { legal: false, jsdoc: false, annotation: false },
  })
  await build.close()
  return output
}
