import { after, afterEach, before, beforeEach } from 'node:test'
import { SAY_TOOL } from './lab-tools.ts'
import { startLab, type Lab } from './lab.ts'
import { createTempDir, type TempDir } from './temp-dir.ts'

/** What tests of composite tools work with. */
export interface CompositeLab {
  /** The same for all tests; what it executed is forgotten before each. */
  readonly lab: Lab
  /** A new one for each test. */
  readonly folder: TempDir
}

/** Opens it for the tests of the `describe` this is called in, and closes it after them. */
export function useCompositeLab(): CompositeLab {
  const opened: { lab?: Lab; folder?: TempDir } = {}
  before(async () => {
    opened.lab = await startLab()
    opened.lab.tools.push(SAY_TOOL)
  })
  after(() => opened.lab?.[Symbol.asyncDispose]())
  beforeEach(async () => {
    opened.folder = await createTempDir()
    opened.lab!.executed.length = 0
  })
  afterEach(() => opened.folder?.[Symbol.asyncDispose]())
  return {
    get lab() {
      return opened.lab!
    },
    get folder() {
      return opened.folder!
    },
  }
}

export interface Asking {
  readonly name: string
  /** Of the question; default: that of steps. */
  readonly timeout?: string
  /** What is asked for; default: `sure`. */
  readonly asks?: object
  /** Arguments of the tool that is called last. */
  readonly last?: object
}

/** A composite tool that calls `set`, asks its caller in the step `confirm`, and calls `say`. */
export function askingComposite({ name, timeout, asks, last }: Asking): object {
  const properties = asks ?? { sure: { type: 'boolean' } }
  return {
    name,
    description: 'Asks',
    steps: [
      { id: 'first', tool: 'set', arguments: { n: 1 } },
      {
        id: 'confirm',
        type: 'elicitation',
        dependsOn: ['first'],
        ...(timeout === undefined ? {} : { timeout }),
        message: 'Sure?',
        schema: { type: 'object', properties },
      },
      {
        id: 'last',
        tool: 'say',
        ...(last === undefined ? {} : { arguments: last }),
        dependsOn: ['confirm'],
      },
    ],
  }
}
