/** The part of a `.cpuprofile` that is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      readonly lineNumber: number
    }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface HotFunction {
  readonly name: string
  readonly where: string
  /** Of the time that was not idle. */
  readonly share: number
}

/** Functions by their own time, the hottest first. */
export function hottest(profile: CpuProfile): HotFunction[] {
  const selfUs = new Map<number, number>()
  for (const [at, id] of profile.samples.entries()) {
    selfUs.set(id, (selfUs.get(id) ?? 0) + (profile.timeDeltas[at] ?? 0))
  }
  const byFunction = new Map<string, { name: string; where: string; us: number }>()
  let busyUs = 0
  for (const { id, callFrame } of profile.nodes) {
    const us = selfUs.get(id) ?? 0
    const name = callFrame.functionName || '(anonymous)'
    if (name === '(idle)' || us === 0) continue
    busyUs += us
    const where = `${callFrame.url.replace(/^.*\/(main\/|node_modules\/)/, '')}:${callFrame.lineNumber + 1}`
    const key = `${name} ${where}`
    const found = byFunction.get(key)
    if (found === undefined) byFunction.set(key, { name, where, us })
    else found.us += us
  }
  return [...byFunction.values()]
    .sort((a, b) => b.us - a.us)
    .map(({ name, where, us }) => ({ name, where, share: us / busyUs }))
}
