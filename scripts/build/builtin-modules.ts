import type { Plugin } from 'rolldown'

const IMPORT = /^import (?:\{([^}]*)\}|(?:\* as )?([\w$]+)) from "(node:[\w/]+)";$/gm

/**
 * Takes Node's own modules by `process.getBuiltinModule` instead of `import`. An import reads every export of the module, and
 * some of them are made only then: `node:http` loads a copy of undici for its `WebSocket`, which is 40 ms and 14 MB of each process.
 * Throws where the bundler wrote an import in a form unknown here.
 */
export function builtinModules(): Plugin {
  return {
    name: 'builtin-modules',
    renderChunk(code, { fileName }) {
      const rewritten = rewriteBuiltinImports(code)
      const left = /^import [^"'\n]* from ["']node:.*$/m.exec(rewritten)
      if (left) throw new Error(`${fileName} has an import of unknown form: ${left[0]}`)
      return rewritten
    },
  }
}

/** The same code; lines stay lines. */
export function rewriteBuiltinImports(code: string): string {
  return code.replaceAll(
    IMPORT,
    (_, names: string | undefined, all: string | undefined, module) => {
      const pattern = names === undefined ? all : `{${names.replaceAll(/ as /g, ': ')}}`
      return `const ${pattern} = process.getBuiltinModule("${module}");`
    },
  )
}
