/** How long a run takes. */
export interface Settings {
  readonly quick: boolean
  readonly rounds: number
  readonly warmMs: number
  readonly measureMs: number
  readonly firstWarmMs: number
  readonly idleSessions: number
  readonly cliRounds: number
  readonly readyRounds: number
}

export const FULL: Settings = {
  quick: false,
  rounds: 5,
  warmMs: 250,
  measureMs: 1200,
  firstWarmMs: 1500,
  idleSessions: 10_000,
  cliRounds: 25,
  readyRounds: 7,
}

export const QUICK: Settings = {
  quick: true,
  rounds: 3,
  warmMs: 150,
  measureMs: 500,
  firstWarmMs: 700,
  idleSessions: 2000,
  cliRounds: 10,
  readyRounds: 2,
}
