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
  /** Small calls before anything counts: a gateway runs for hours, so it is measured as compiled. */
  readonly firstWarm: Warm
  readonly bigWarm: Warm
  readonly idleSessions: number
  readonly cliRounds: number
  readonly readyRounds: number
}

export const FULL: Settings = {
  quick: false,
  rounds: 5,
  warmMs: 200,
  measureMs: 700,
  firstWarm: { ms: 5000, calls: 40_000 },
  bigWarm: { ms: 1500, calls: 5000 },
  idleSessions: 10_000,
  cliRounds: 25,
  readyRounds: 5,
}

export const QUICK: Settings = {
  quick: true,
  rounds: 3,
  warmMs: 150,
  measureMs: 500,
  firstWarm: { ms: 1000, calls: 15_000 },
  bigWarm: { ms: 500, calls: 1000 },
  idleSessions: 2000,
  cliRounds: 10,
  readyRounds: 2,
}
