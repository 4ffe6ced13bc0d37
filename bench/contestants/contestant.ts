import type { LoadEra } from '../load/requests.ts'

export type Group = 'http' | 'stdio'

export interface Fixtures {
  /** Ports of the HTTP fixture backend by the eras it speaks there. */
  readonly ports: { readonly dual: number; readonly legacy: number; readonly modern: number }
  readonly backendPid: number
  /** Where contestants write configuration, logs and audit lines. */
  readonly folder: string
}

export interface Launch {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Something that stands between load and backend. */
export interface Contestant {
  readonly name: string
  readonly group: Group
  readonly era: LoadEra
  /** Arguments for the Node that runs everything here; undefined: the load goes straight to the fixture backend. */
  launch?(port: number, fixtures: Fixtures): Launch
  /** Port of the fixture backend, for a contestant without a process. */
  directPort?(fixtures: Fixtures): number
  readonly path: string
  /** Put before the backend's tool names. */
  readonly prefix: string
  /** One of its own child processes per session: left out where that means hundreds of processes. */
  readonly maxConnections?: number
  /** Only informative: not in the quick run. */
  readonly extra?: boolean
  readonly what: string
}

export const BENCH_FOLDER = new URL('..', import.meta.url).pathname
export const ROOT_FOLDER = new URL('../..', import.meta.url).pathname
export const HTTP_BACKEND = `${BENCH_FOLDER}backends/http-backend.ts`
export const STDIO_BACKEND = `${BENCH_FOLDER}backends/stdio-backend.ts`
