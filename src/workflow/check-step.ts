import type { Report } from '../schema/cross-check.ts'

const ONLY_FOR = {
  tool: ['tool', 'arguments'],
  elicitation: ['message', 'schema', 'onDecline', 'onCancel'],
  forEach: ['collection', 'itemVar', 'maxParallel', 'maxIterations', 'distribution', 'step'],
} as const

const REQUIRED_FOR = {
  tool: ['tool'],
  elicitation: ['message', 'schema'],
  forEach: ['collection', 'step'],
} as const

/** Checks that a step has what its type needs and nothing of another type. */
export function checkStep(block: Readonly<Record<string, unknown>>, report: Report): void {
  const type = block['type'] === '' || block['type'] === undefined ? 'tool' : block['type']
  if (type !== 'tool' && type !== 'elicitation' && type !== 'forEach') return
  for (const field of REQUIRED_FOR[type]) {
    if (block[field] === undefined) report([], `is ${named(type)} step but has no \`${field}\``)
  }
  for (const [kind, fields] of Object.entries(ONLY_FOR)) {
    for (const field of kind === type ? [] : fields) {
      if (block[field] === undefined) continue
      report([field], `does not go with ${named(type)} step`, `write type: ${kind}`)
    }
  }
}

/** Checks the step inside of a loop: only a tool can be there. */
export function checkInnerStep(block: Readonly<Record<string, unknown>>, report: Report): void {
  const type = block['type']
  if (type === 'forEach' || type === 'elicitation') {
    report(['type'], `must be tool: a loop cannot contain ${String(type)}`)
  } else if (block['tool'] === undefined) {
    report([], 'is the inner step of a loop but has no `tool`')
  }
}

function named(type: string): string {
  return `${type === 'elicitation' ? 'an' : 'a'} ${type}`
}
