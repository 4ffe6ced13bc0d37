import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NOTHING_KNOWN } from './aggregation/offer.ts'
import { aggregationOf, toolsOffer } from './aggregation/testing/samples.ts'
import { checkNames } from './check-names.ts'

const offers = [toolsOffer('github', ['create_issue', 'search']), toolsOffer('jira', ['search'])]

function found(...config: Parameters<typeof aggregationOf>): string[] {
  return checkNames(offers, aggregationOf(...config)).map(
    ({ path, reason, hint }) => `${path.join('.')}: ${reason}${hint ? ` (${hint})` : ''}`,
  )
}

describe('checkNames', () => {
  it('accepts names before and after overrides', () => {
    assert.deepEqual(
      found('priority', {
        priorityOrder: ['jira', 'github'],
        tools: [
          {
            workload: 'github',
            filter: ['find', 'create_issue', 'search'],
            overrides: { search: { name: 'find' } },
          },
        ],
      }),
      [],
    )
  })

  it('tells where each unknown name stands and what was meant', () => {
    assert.deepEqual(
      found('prefix', {
        priorityOrder: ['github', 'jirra'],
        tools: [
          { workload: 'gitub' },
          {
            workload: 'github',
            filter: ['search', 'creat_issue', 'github_search', 'zzz'],
            overrides: {
              search: { name: 'find' },
              find: { description: 'x' },
              github_create_issue: { description: 'x' },
              serch: { description: 'x' },
            },
          },
        ],
      }),
      [
        'aggregation.conflictResolutionConfig.priorityOrder.1: "jirra" is not a backend (did you mean "jira"?)',
        'aggregation.tools.0.workload: "gitub" is not a backend (did you mean "github"?)',
        'aggregation.tools.1.filter.1: backend "github" has no tool "creat_issue" (did you mean "create_issue"?)',
        'aggregation.tools.1.filter.2: backend "github" has no tool "github_search" (write it without the prefix: "search")',
        'aggregation.tools.1.filter.3: backend "github" has no tool "zzz"',
        'aggregation.tools.1.overrides.find: backend "github" has no tool "find" (overrides go by the name the backend gave the tool: "search")',
        'aggregation.tools.1.overrides.github_create_issue: backend "github" has no tool "github_create_issue" (write it without the prefix: "create_issue")',
        'aggregation.tools.1.overrides.serch: backend "github" has no tool "serch" (did you mean "search"?)',
      ],
    )
  })

  it('does not judge tools of a backend that has not been listed', () => {
    assert.deepEqual(
      checkNames(
        [toolsOffer('github', [], { known: NOTHING_KNOWN })],
        aggregationOf('prefix', { tools: [{ workload: 'github', filter: ['anything'] }] }),
      ),
      [],
    )
  })
})
