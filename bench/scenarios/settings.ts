/** How long load runs before it counts. */
export interface Warm {
  readonly ms: number
  readonly calls: number
}

/** How long a run takes. */
export interface Settings {
  readonly quick: boolean
  readonly rounds: number
  readonly warmMs: number
  readonly measureMs: number
  readonly firstWarm: Warm
  readonly idleSessions: number
  readonly cliRounds: number
  readonly readyRounds: number
}

export const FULL: Settings = {
  quick: false,
  rounds: 5,
  warmMs: 200,
  measureMs: 700,
  firstWarm: { ms: 1000, calls: 10_000 },
  idleSessions: 10_000,
  cliRounds: 25,
  readyRounds: 5,
}

export const QUICK: Settings = {
  quick: true,
  rounds: 3,
  warmMs: 150,
  measureMs: 500,
  firstWarm: { ms: 500, calls: 4000 },
  idleSessions: 2000,
  cliRounds: 10,
  readyRounds: 2,
}
