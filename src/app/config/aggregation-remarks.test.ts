import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { renderProblem } from '../../schema/problem.ts'
import { parseVmcpConfig } from '../load-vmcp-config.ts'

const HEAD = `name: a
groupRef: team
incomingAuth: { type: anonymous }
outgoingAuth: { source: inline }
`

const TOOLS = `aggregation:
  conflictResolution: prefix
  conflictResolutionConfig: { prefixFormat: "{workload}_" }
  tools:
    - workload: fs
`

const CASES: { title: string; yaml: string; remarks: string[] }[] = [
  {
    title: 'two tools renamed to one name, and which one is lost',
    yaml: `${TOOLS}      overrides:
        write_file: { name: read }
        read_text_file: { name: read }
`,
    remarks: [
      'warning f:11:29 aggregation.tools[0].overrides.write_file.name: "read" is also the name of tool "read_text_file" of backend "fs", so clients do not get "write_file" (give each its own name)',
    ],
  },
  {
    title: 'a tool renamed to that of one that keeps its name',
    yaml: `${TOOLS}      overrides:
        a: { name: b }
        b: { description: "B" }
`,
    remarks: [
      'warning f:11:20 aggregation.tools[0].overrides.a.name: "b" is also the name of tool "b" of backend "fs", so clients do not get "a" (give each its own name)',
    ],
  },
  {
    title: 'nothing where two tools swap their names',
    yaml: `${TOOLS}      overrides: { a: { name: b }, b: { name: a } }
`,
    remarks: [],
  },
  {
    title: 'nothing where all of the backend is hidden',
    yaml: `${TOOLS}      excludeAll: true
      overrides: { a: { name: c }, b: { name: c } }
`,
    remarks: [],
  },
  {
    title: 'a prefix that no tool gets',
    yaml: `aggregation:
  conflictResolution: priority
  conflictResolutionConfig: { priorityOrder: [fs], prefixFormat: "{workload}_" }
`,
    remarks: [
      'note f:7:66 aggregation.conflictResolutionConfig.prefixFormat: has no effect on tools with the strategy priority; only names of prompts get it (for tools use the strategy prefix, or overrides)',
    ],
  },
  {
    title: 'a misspelt placeholder',
    yaml: TOOLS.replace('{workload}_', '{wrkload}_'),
    remarks: [
      'warning f:7:45 aggregation.conflictResolutionConfig.prefixFormat: "{wrkload}" is not replaced: names will begin with it as it stands (did you mean "{workload}"?)',
    ],
  },
  {
    title: 'a placeholder that there is not',
    yaml: TOOLS.replace('{workload}_', '{workload}-{group}-'),
    remarks: [
      'warning f:7:45 aggregation.conflictResolutionConfig.prefixFormat: "{group}" is not replaced: names will begin with it as it stands (the only placeholder is {workload}, the name of the backend)',
    ],
  },
  {
    title: 'a filter beside excludeAll, and what is in it twice',
    yaml: `${TOOLS}      excludeAll: true
      filter: [a, b, a]
`,
    remarks: [
      'note f:11:15 aggregation.tools[0].filter: has no effect: `excludeAll: true` hides all tools of this backend (remove one of the two)',
      'note f:11:22 aggregation.tools[0].filter[2]: "a" is there twice (once is enough)',
    ],
  },
  {
    title: 'an empty list of backends',
    yaml: `backends: []
${TOOLS}`,
    remarks: [
      'note f:5:11 backends: is empty, so the servers of group "team" on this machine are served, as they are at start (give it backends, or leave the key out)',
    ],
  },
]

describe('aggregationRemarks', () => {
  for (const { title, yaml, remarks } of CASES) {
    it(`tells of ${title}`, async () => {
      const { config, problems } = await parseVmcpConfig(HEAD + yaml, 'f', {})
      assert.ok(config, 'the file stays valid')
      const found = problems.map((problem) => `${problem.severity} ${renderProblem(problem)}`)
      assert.deepEqual(found, remarks)
      assert.equal(config.remarks.length, remarks.length)
    })
  }
})
