import { basename, dirname, join } from 'node:path'
import type { Plugin } from 'rolldown'

const HELPER = /new URL\(\s*(['"])(\.{1,2}\/[^'"]+)\.ts\1\s*,\s*import\.meta\.url\s*,?\s*\)/g

/**
 * Makes scripts that the product starts as processes of their own part of the bundle. The source says
 * `new URL('./guard.ts', import.meta.url)`, which Node runs as it is; in the bundle it becomes
 * `new URL('./guard.js', import.meta.url)`, a file beside all others. Helpers therefore need names of their own.
 */
export function helperScripts(): Plugin {
  return {
    name: 'helper-scripts',
    transform: {
      filter: { id: /\.ts$/, code: 'import.meta.url' },
      handler(code, id) {
        let found = false
        const rewritten = code.replaceAll(HELPER, (_all, _quote, path: string) => {
          found = true
          const fileName = `${basename(path)}.js`
          this.emitFile({ type: 'chunk', id: join(dirname(id), `${path}.ts`), fileName })
          return `new URL('./${fileName}', import.meta.url)`
        })
        return found ? { code: rewritten } : null
      },
    },
  }
}
