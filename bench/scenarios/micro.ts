import { hotPieces, type Piece } from '../micro/pieces.ts'
import { median, short } from '../report/numbers.ts'
import type { Section } from './section.ts'

const ROUNDS = 5
const ROUND_MS = 60

/** The hot pieces by themselves. */
export const micro: Section = {
  name: 'micro',
  async run(bench) {
    bench.say('micro-benchmarks')
    const pieces = hotPieces()
    const series = pieces.map(() => [] as number[])
    for (let round = -1; round < ROUNDS; round += 1) {
      for (const [at, piece] of pieces.entries()) {
        const us = timeOf(piece)
        if (round >= 0) series[at]!.push(us)
      }
    }
    return {
      tables: [
        {
          title: 'Hot pieces by themselves',
          intro: 'Time of one run in one thread; medians of interleaved rounds.',
          columns: ['piece', 'input', 'µs', 'MB/s'],
          rows: pieces.map((piece, at) => {
            const us = median(series[at]!)
            return [piece.name, piece.input, short(us), short(piece.bytes / us)]
          }),
        },
      ],
      verdicts: [],
      problems: [],
    }
  },
}

/** Microseconds of one run, from as many runs as fit in the round. */
function timeOf(piece: Piece): number {
  const startedAt = performance.now()
  let runs = 0
  let elapsedMs = 0
  do {
    for (let inner = 0; inner < 16; inner += 1) piece.run()
    runs += 16
    elapsedMs = performance.now() - startedAt
  } while (elapsedMs < ROUND_MS)
  return (elapsedMs * 1000) / runs
}
