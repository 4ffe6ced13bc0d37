/** Composite tools whose steps have effects. Every shape comes twice: of tools that may be called again, and of others. */
export const CHAIN_STEPS = 20
export const LOOP_ITEMS = 40
export const LOOP_PARALLEL = 5

export type Shape = 'chain' | 'diamond' | 'loop'

/** `once`: no call may be made twice. `again`: all may. */
export type Care = 'once' | 'again'

export const CARES: readonly Care[] = ['once', 'again']

export function nameOf(shape: Shape, care: Care): string {
  return `${shape}_${care}`
}

/** For `compositeTools`. */
export function compositesOf(shape: Shape): object[] {
  return CARES.map((care) => ({
    name: nameOf(shape, care),
    description: shape,
    parameters: { type: 'object', properties: { run: { type: 'string' } }, required: ['run'] },
    steps: STEPS[shape](care),
  }))
}

/** What a run calls, each as in the keys of effects. */
export function placesOf(shape: Shape): string[] {
  switch (shape) {
    case 'chain':
      return Array.from({ length: CHAIN_STEPS }, (_, at) => `s${at + 1}`)
    case 'diamond':
      return ['top', ...BRANCHES.flatMap((branch) => [branch, `${branch}2`]), 'bottom']
    case 'loop':
      return [...Array.from({ length: LOOP_ITEMS }, (_, at) => `loop/${at}`), 'after']
  }
}

const BRANCHES = ['a', 'b', 'c', 'd']

const STEPS: Record<Shape, (care: Care) => object[]> = {
  // Each reads what the one before said, so that a lost result is seen in the output.
  chain: (care) =>
    placesOf('chain').map((id, at, all) => step(id, care, at === 0 ? [] : [all[at - 1]!])),
  diamond: (care) => [
    step('top', care, []),
    ...BRANCHES.flatMap((branch) => [
      step(branch, care, ['top']),
      step(`${branch}2`, care, [branch]),
    ]),
    step(
      'bottom',
      care,
      BRANCHES.map((branch) => `${branch}2`),
    ),
  ],
  loop: (care) => [
    {
      id: 'loop',
      type: 'forEach',
      collection: JSON.stringify(Array.from({ length: LOOP_ITEMS }, (_, at) => at)),
      maxParallel: LOOP_PARALLEL,
      step: {
        id: 'one',
        tool: care,
        arguments: { run: '{{.params.run}}', step: 'loop', item: '{{.forEach.index}}' },
      },
    },
    {
      id: 'after',
      tool: care,
      dependsOn: ['loop'],
      arguments: {
        run: '{{.params.run}}',
        step: 'after',
        seen: '{{.steps.loop.output.completed}}',
      },
    },
  ],
}

function step(id: string, tool: Care, dependsOn: string[]): object {
  const [before] = dependsOn
  return {
    id,
    tool,
    dependsOn,
    arguments: {
      run: '{{.params.run}}',
      step: id,
      ...(before === undefined ? {} : { seen: `{{.steps.${before}.output.seen}}` }),
    },
  }
}

/** `seen` of the last call of a run that went through. */
export function lastSeen(shape: Shape): number {
  return { chain: CHAIN_STEPS, diamond: 4, loop: LOOP_ITEMS + 1 }[shape]
}

/** How many calls of a run are under way at most. */
export function parallelOf(shape: Shape): number {
  return { chain: 1, diamond: BRANCHES.length, loop: LOOP_PARALLEL }[shape]
}
