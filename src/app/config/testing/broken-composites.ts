/** A composite tool with mistakes, and exactly what is said about it; warnings and notes begin with their word. */
interface BrokenComposite {
  readonly title: string
  /** Added to a small valid file of 7 lines, behind `compositeTools:` in line 8; so it begins at line 9. */
  readonly yaml: string
  readonly problems: readonly string[]
}

/** One row per way to get a composite tool wrong. */
export const BROKEN_COMPOSITES: readonly BrokenComposite[] = [
  {
    title: 'a template that does not end',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { repo: { type: string }, limit: { type: integer } } }',
      '    steps:',
      '      - id: a',
      '        tool: x',
      '        arguments: { q: "say {{.params.repo" }',
    ),
    problems: [
      'f:15:44 compositeTools[0].steps[0].arguments.q: is not a template: the action is not closed',
    ],
  },
  {
    title: 'a function that does not exist',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { repo: { type: string }, limit: { type: integer } } }',
      '    steps:',
      '      - { id: a, tool: x, arguments: { q: "{{upper .params.repo}}" } }',
    ),
    problems: [
      'f:13:46 compositeTools[0].steps[0].arguments.q: is not a template: function "upper" does not exist',
    ],
  },
  {
    title: 'a template mistake in a block of several lines',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { repo: { type: string }, limit: { type: integer } } }',
      '    steps:',
      '      - id: a',
      '        tool: x',
      '        arguments:',
      '          text: |',
      '            Dear all,',
      '              {{.params.repo | shout}}',
      '            bye',
    ),
    problems: [
      'f:18:32 compositeTools[0].steps[0].arguments.text: is not a template: function "shout" does not exist',
    ],
  },
  {
    title: 'a template mistake in folded text',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { repo: { type: string }, limit: { type: integer } } }',
      '    steps:',
      '      - id: a',
      '        tool: x',
      '        arguments:',
      '          text: >-',
      '            one two',
      '            three {{end}}',
    ),
    problems: [
      'f:18:21 compositeTools[0].steps[0].arguments.text: is not a template: {{end}} closes nothing',
    ],
  },
  {
    title: 'a template mistake behind escapes in double quotes',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { repo: { type: string }, limit: { type: integer } } }',
      '    steps:',
      '      - { id: a, tool: x, arguments: { q: "\\t\\"\\u0041\\" {{nope .params.repo}}" } }',
    ),
    problems: [
      'f:13:59 compositeTools[0].steps[0].arguments.q: is not a template: function "nope" does not exist',
    ],
  },
  {
    title: 'a template mistake behind quotes in single quotes',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { repo: { type: string }, limit: { type: integer } } }',
      '    steps:',
      "      - { id: a, tool: x, arguments: { q: 'it''s {{nope 1}}' } }",
    ),
    problems: [
      'f:13:52 compositeTools[0].steps[0].arguments.q: is not a template: function "nope" does not exist',
    ],
  },
  {
    title: 'an if without an end',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { repo: { type: string }, limit: { type: integer } } }',
      '    steps:',
      '      - { id: a, tool: x, condition: "{{if .params.repo}}true" }',
    ),
    problems: [
      'f:13:62 compositeTools[0].steps[0].condition: is not a template: the template ends before {{end}}',
    ],
  },
  {
    title: 'a template mistake deep in lists and maps',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { repo: { type: string }, limit: { type: integer } } }',
      '    steps:',
      '      - id: a',
      '        tool: x',
      '        arguments:',
      '          filter:',
      '            - { any: [1, "{{.params.repo}}", "{{.params.repo | nope}}"] }',
    ),
    problems: [
      'f:17:64 compositeTools[0].steps[0].arguments.filter[0].any[2]: is not a template: function "nope" does not exist',
    ],
  },
  {
    title: 'a name with a hyphen in a template',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: my-list, tool: x }',
      '      - { id: b, tool: x, arguments: { q: "{{.steps.my-list.output.n}}" }, dependsOn: [my-list] }',
    ),
    problems: [
      'f:13:52 compositeTools[0].steps[1].arguments.q: is not a template: "-" cannot follow ".my" (write (index .steps "my-list") for that step)',
    ],
  },
  {
    title: 'a typo in the name of a step',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: list, tool: x }',
      '      - { id: b, tool: x, arguments: { q: "{{.steps.lsit.output.n}}" }, dependsOn: [list] }',
    ),
    problems: [
      'f:13:46 compositeTools[0].steps[1].arguments.q: there is no step "lsit" (did you mean "list"?)',
    ],
  },
  {
    title: 'a typo in a nested expression',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: list, tool: x }',
      '      - id: b',
      '        tool: x',
      '        dependsOn: [list]',
      '        condition: \'{{and (gt (len .steps.list.output.items) 1) (not (eq .steps.lst.status "failed"))}}\'',
    ),
    problems: [
      'f:16:74 compositeTools[0].steps[1].condition: there is no step "lst" (did you mean "list"?)',
    ],
  },
  {
    title: 'a typo in index, and in what a pipe begins with',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: list, tool: x }',
      '      - { id: b, tool: x, dependsOn: [list], arguments: { p: \'{{(index .steps "lits").output.n}}\', q: "{{.steps.lisst.output | json}}" } }',
    ),
    problems: [
      'f:13:86 compositeTools[0].steps[1].arguments.p: there is no step "lits" (did you mean "list"?)',
      'f:13:128 compositeTools[0].steps[1].arguments.q: there is no step "lisst" (did you mean "list"?)',
    ],
  },
  {
    title: 'a typo behind with, range and a variable',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: list, tool: x }',
      '      - id: b',
      '        tool: x',
      '        dependsOn: [list]',
      '        arguments:',
      '          p: "{{with .steps.lis}}{{.output}}{{end}}"',
      '          q: "{{range .steps.list.output.items}}{{$.steps.lit.output}}{{end}}"',
      '          r: "{{$s := .steps}}{{$s.ist.output}}"',
    ),
    problems: [
      'f:17:22 compositeTools[0].steps[1].arguments.p: there is no step "lis" (did you mean "list"?)',
      'f:18:51 compositeTools[0].steps[1].arguments.q: there is no step "lit" (did you mean "list"?)',
      'f:19:33 compositeTools[0].steps[1].arguments.r: there is no step "ist" (did you mean "list"?)',
    ],
  },
  {
    title: 'a typo in the output',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps: [{ id: list, tool: x }]',
      '    output:',
      '      properties:',
      '        n: { type: integer, description: d, value: "{{.steps.list2.output.n}}" }',
    ),
    problems: [
      'f:14:55 compositeTools[0].output.properties.n.value: there is no step "list2" (did you mean "list"?)',
    ],
  },
  {
    title: 'a typo in a message, a collection and an inner step',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: list, tool: x }',
      '      - { id: ask, type: elicitation, dependsOn: [list], message: "{{.steps.listt.output.n}}?", schema: { type: object } }',
      '      - id: each',
      '        type: forEach',
      '        dependsOn: [list]',
      '        collection: "{{json .steps.liist.output.items}}"',
      '        step: { id: one, tool: x, arguments: { q: "{{.steps.llist.output.n}}" } }',
    ),
    problems: [
      'f:13:70 compositeTools[0].steps[1].message: there is no step "listt" (did you mean "list"?)',
      'f:17:29 compositeTools[0].steps[2].collection: there is no step "liist" (did you mean "list"?)',
      'f:18:54 compositeTools[0].steps[2].step.arguments.q: there is no step "llist" (did you mean "list"?)',
    ],
  },
  {
    title: 'a bare reference with a typo as a collection',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: list, tool: x }',
      '      - { id: each, type: forEach, dependsOn: [list], collection: .steps.lost.output.items, step: { id: one, tool: x } }',
    ),
    problems: [
      'f:13:67 compositeTools[0].steps[1].collection: there is no step "lost" (did you mean "list"?)',
    ],
  },
  {
    title: 'the name of an inner step',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: each, type: forEach, collection: "[1]", step: { id: one, tool: x } }',
      '      - { id: b, tool: x, dependsOn: [each], arguments: { q: "{{.steps.one.output.n}}" } }',
    ),
    problems: [
      'f:13:65 compositeTools[0].steps[1].arguments.q: there is no step "one" (it is inside of the loop "each": its results are in .steps.each.output.iterations)',
    ],
  },
  {
    title: 'a field that steps do not have',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: list, tool: x }',
      '      - { id: b, tool: x, dependsOn: [list], arguments: { q: "{{.steps.list.outputs.n}}" } }',
    ),
    problems: [
      'warning f:13:65 compositeTools[0].steps[1].arguments.q: .steps.list.outputs is never there (did you mean "output"?)',
    ],
  },
  {
    title: 'a field that loops and questions do not have',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: each, type: forEach, collection: "[1]", step: { id: one, tool: x } }',
      '      - { id: ask, type: elicitation, message: m, schema: { type: object } }',
      '      - { id: b, tool: x, dependsOn: [each, ask], arguments: { q: "{{.steps.each.output.results}}{{.steps.ask.output.contents}}" } }',
    ),
    problems: [
      'warning f:14:70 compositeTools[0].steps[2].arguments.q: .steps.each.output.results is never there (there are iterations, count, completed, failed)',
      'warning f:14:100 compositeTools[0].steps[2].arguments.q: .steps.ask.output.contents is never there (did you mean "content"?)',
    ],
  },
  {
    title: 'a count of skipped iterations of a loop that cannot skip any, and of none that can',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: all, type: forEach, collection: "[1]", step: { id: one, tool: x } }',
      '      - { id: some, type: forEach, collection: "[1]", step: { id: one, tool: x, condition: "true" } }',
      '      - { id: b, tool: x, dependsOn: [all, some], arguments: { q: "{{.steps.all.output.skipped}}{{.steps.some.output.skipped}}" } }',
    ),
    problems: [
      'warning f:14:70 compositeTools[0].steps[2].arguments.q: .steps.all.output.skipped is never there (there are iterations, count, completed, failed)',
    ],
  },
  {
    title: 'a step that waits for itself',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, dependsOn: [a] }',
    ),
    problems: ['f:12:38 compositeTools[0].steps[0].dependsOn: steps depend on each other: a → a'],
  },
  {
    title: 'a step that reads its own result',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, arguments: { q: "{{.steps.a.output.n}}" } }',
    ),
    problems: ['f:12:46 compositeTools[0].steps[0].arguments.q: step "a" reads its own result'],
  },
  {
    title: 'a loop that reads its own result',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: each, type: forEach, collection: "[1]", step: { id: one, tool: x, arguments: { q: "{{.steps.each.output.count}}" } } }',
    ),
    problems: [
      'f:12:100 compositeTools[0].steps[0].step.arguments.q: step "each" reads its own result',
    ],
  },
  {
    title: 'a result that cannot be there yet',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, arguments: { q: "{{.steps.b.output.n}}" } }',
      '      - { id: b, tool: x, dependsOn: [a] }',
    ),
    problems: [
      'f:12:46 compositeTools[0].steps[0].arguments.q: step "b" waits for "a", so its result cannot be read here',
    ],
  },
  {
    title: 'results that wait for each other through templates alone',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, arguments: { q: "{{.steps.b.output.n}}" } }',
      '      - { id: b, tool: x, arguments: { q: "{{.steps.a.output.n}}" } }',
    ),
    problems: [
      'warning f:12:46 compositeTools[0].steps[0].arguments.q: step "b" is read, but dependsOn does not name it; it is waited for all the same (add "b" to dependsOn of "a")',
      'f:13:46 compositeTools[0].steps[1].arguments.q: step "a" waits for "b", so its result cannot be read here',
    ],
  },
  {
    title: 'a step that is read without being waited for',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x }',
      '      - { id: b, tool: x, arguments: { q: "{{.steps.a.output.n}}" } }',
    ),
    problems: [
      'warning f:13:46 compositeTools[0].steps[1].arguments.q: step "a" is read, but dependsOn does not name it; it is waited for all the same (add "a" to dependsOn of "b")',
    ],
  },
  {
    title: 'a step that only comes first by its level',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x }',
      '      - { id: b, tool: x }',
      '      - { id: c, tool: x, dependsOn: [b], arguments: { q: "{{.steps.a.output.n}}{{.steps.a.status}}" } }',
    ),
    problems: [
      'note f:14:62 compositeTools[0].steps[2].arguments.q: step "a" is read, but dependsOn does not name it; it is waited for all the same (add "a" to dependsOn of "c")',
    ],
  },
  {
    title: 'three steps in a circle',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, dependsOn: [c] }',
      '      - { id: b, tool: x, dependsOn: [a] }',
      '      - { id: c, tool: x, dependsOn: [b] }',
    ),
    problems: [
      'f:12:38 compositeTools[0].steps[0].dependsOn: steps depend on each other: a → c → b → a',
    ],
  },
  {
    title: 'a dependency with a typo',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: list, tool: x }',
      '      - { id: b, tool: x, dependsOn: [lst] }',
    ),
    problems: [
      'f:13:39 compositeTools[0].steps[1].dependsOn[0]: there is no step "lst" (did you mean "list"?)',
    ],
  },
  {
    title: 'parameters that are not declared',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { repo: { type: string }, limit: { type: integer } } }',
      '    steps:',
      '      - { id: a, tool: x, arguments: { q: "{{.params.rpo}}", r: "{{.params.who}}" } }',
    ),
    problems: [
      'warning f:13:46 compositeTools[0].steps[0].arguments.q: .params.rpo is read, but is no parameter (did you mean "repo"?)',
      'warning f:13:68 compositeTools[0].steps[0].arguments.r: .params.who is read, but is no parameter (declare it in parameters)',
    ],
  },
  {
    title: 'a nested parameter that cannot be there',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { f: { type: object, properties: { name: {} }, additionalProperties: false } } }',
      '    steps:',
      '      - { id: a, tool: x, arguments: { q: "{{.params.f.nme}}" } }',
    ),
    problems: [
      'warning f:13:46 compositeTools[0].steps[0].arguments.q: .params.f.nme is never there (did you mean "name"?)',
    ],
  },
  {
    title: 'roots that templates do not have',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { repo: { type: string }, limit: { type: integer } } }',
      '    steps:',
      '      - { id: a, tool: x, arguments: { q: "{{.param.repo}}", r: "{{.inputs.x}}" } }',
    ),
    problems: [
      'f:13:46 compositeTools[0].steps[0].arguments.q: .param is nothing a template can read (did you mean ".params"?)',
      'f:13:68 compositeTools[0].steps[0].arguments.r: .inputs is nothing a template can read (there are .params, .steps, .forEach, .workflow, .vars)',
    ],
  },
  {
    title: 'fields of the run that are not there, and .vars',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, arguments: { q: "{{.workflow.started}}", r: "{{.vars.x}}" } }',
    ),
    problems: [
      'warning f:12:46 compositeTools[0].steps[0].arguments.q: .workflow.started is never there (there are id, duration_ms, step_count, status, start_time)',
      'warning f:12:74 compositeTools[0].steps[0].arguments.r: .vars.x is read, but .vars is always empty',
    ],
  },
  {
    title: 'the item of a loop outside of it',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: each, type: forEach, collection: "{{.forEach.item}}", step: { id: one, tool: x } }',
      '      - { id: b, tool: x, arguments: { q: "{{.forEach.index}}" } }',
    ),
    problems: [
      'f:12:51 compositeTools[0].steps[0].collection: .forEach is only there in the inner step of a loop',
      'f:13:46 compositeTools[0].steps[1].arguments.q: .forEach is only there in the inner step of a loop',
    ],
  },
  {
    title: 'another name than that of the item',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: each, type: forEach, collection: "[1]", itemVar: issue, step: { id: one, tool: x, arguments: { q: "{{.forEach.item.n}}", i: "{{.forEach.index}}" } } }',
    ),
    problems: [
      'f:12:116 compositeTools[0].steps[0].step.arguments.q: .forEach.item is not there in this loop (there are .forEach.issue and .forEach.index)',
    ],
  },
  {
    title: 'a collection that can never be one',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, type: forEach, collection: items, step: { id: one, tool: x } }',
      '      - { id: b, type: forEach, collection: "{}", step: { id: one, tool: x } }',
      '      - { id: c, type: forEach, collection: "[1,2,3]", maxIterations: 2, step: { id: one, tool: x } }',
    ),
    problems: [
      'f:12:45 compositeTools[0].steps[0].collection: is neither a template nor a JSON array (write for example "{{.steps.list.output.items}}")',
      'f:13:45 compositeTools[0].steps[1].collection: is neither a template nor a JSON array (write for example "{{.steps.list.output.items}}")',
      'f:14:45 compositeTools[0].steps[2].collection: has 3 items; maxIterations is 2',
    ],
  },
  {
    title: 'values of a loop that are none',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, type: forEach, collection: "[]", itemVar: 1x, maxParallel: -1, maxIterations: many, step: { id: one, tool: x } }',
      '      - { id: b, type: foreach, collection: "[]", step: { id: one, tool: x } }',
      '      - { id: c, type: forEach, collection: "[]", distribution: global, step: { id: one } }',
    ),
    problems: [
      'f:12:60 compositeTools[0].steps[0].itemVar: must be an identifier',
      'f:12:77 compositeTools[0].steps[0].maxParallel: must be at least 0, not -1',
      'f:12:96 compositeTools[0].steps[0].maxIterations: must be a number, not "many"',
      'f:13:24 compositeTools[0].steps[1].type: must be one of tool, elicitation, forEach, not "foreach" (did you mean "forEach"?)',
      'f:14:65 compositeTools[0].steps[2].distribution: must be one of local, fleet, not "global" (did you mean "local"?)',
      'f:14:79 compositeTools[0].steps[2].step: is the inner step of a loop but has no `tool`',
    ],
  },
  {
    title: 'a loop with what goes elsewhere',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, type: forEach, tool: x, message: m, collection: "[]", step: { id: one, tool: x } }',
      '      - { id: b, type: forEach, collection: "[]", step: { id: one, type: elicitation, tool: x } }',
      '      - { id: c, tool: x, maxParallel: 5 }',
    ),
    problems: [
      'f:12:39 compositeTools[0].steps[0].tool: does not go with a forEach step (write type: tool)',
      'f:12:51 compositeTools[0].steps[0].message: does not go with a forEach step (write type: elicitation)',
      'f:13:74 compositeTools[0].steps[1].step.type: must be tool: a loop cannot contain elicitation',
      'f:14:40 compositeTools[0].steps[2].maxParallel: does not go with a tool step (write type: forEach)',
    ],
  },
  {
    title: 'settings without effect in a loop',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x }',
      '      - id: b',
      '        type: forEach',
      '        collection: "[]"',
      '        onError: { action: retry, retryCount: 2 }',
      '        step: { id: one, tool: x, dependsOn: [a] }',
    ),
    problems: [
      'warning f:16:28 compositeTools[0].steps[1].onError.action: is as good as abort: a loop is not tried again as a whole (put the retry into its inner step)',
      'warning f:17:46 compositeTools[0].steps[1].step.dependsOn: has no effect in a loop (put it into the loop itself)',
    ],
  },
  {
    title: 'a condition that is never true',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, condition: .params.go }',
      '      - { id: b, tool: x, condition: "yes" }',
      '      - { id: c, tool: x, condition: true }',
      '      - { id: d, tool: x, condition: "" }',
    ),
    problems: [
      'warning f:12:38 compositeTools[0].steps[0].condition: gives neither true nor false, but always ".params.go" (put the expression in {{ }})',
      'warning f:13:38 compositeTools[0].steps[1].condition: gives neither true nor false, but always "yes" (put the expression in {{ }})',
    ],
  },
  {
    title: 'more tries than there ever are',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, onError: { action: retry, retryCount: 11 } }',
      '      - { id: b, type: forEach, collection: "[]", step: { id: one, tool: x, onError: { action: retry, retryCount: 100, retryDelay: -1s } } }',
    ),
    problems: [
      'note f:12:65 compositeTools[0].steps[0].onError.retryCount: is 11, but never more than 10 further tries are made',
      'note f:13:115 compositeTools[0].steps[1].step.onError.retryCount: is 100, but never more than 10 further tries are made',
      'f:13:132 compositeTools[0].steps[1].step.onError.retryDelay: must be longer than 0, not "-1s"',
    ],
  },
  {
    title: 'a composite tool without a name, a description and steps',
    yaml: lines('  - timeout: 1h'),
    problems: [
      'f:9:5 compositeTools[0].name: is required',
      'f:9:5 compositeTools[0].description: is required',
      'f:9:5 compositeTools[0].steps: is required',
    ],
  },
  {
    title: 'nothing about a timeout however long, and steps in any order',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    timeout: 10000h',
      '    steps:',
      '      - { id: b, tool: x, dependsOn: [a] }',
      '      - { id: a, tool: x }',
    ),
    problems: [],
  },
  {
    title: 'a retry count below 1, once',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, onError: { action: retry, retryCount: -1 } }',
      '      - { id: b, tool: x, onError: { action: retry, retryCount: 0 } }',
      '      - { id: c, tool: x, onError: { action: continue, retryCount: -1 } }',
    ),
    problems: [
      'f:12:65 compositeTools[0].steps[0].onError.retryCount: must be at least 1 for retry, not -1',
      'f:13:65 compositeTools[0].steps[1].onError.retryCount: must be at least 1 for retry, not 0',
      'f:14:68 compositeTools[0].steps[2].onError.retryCount: must be at least 0, not -1',
    ],
  },
  {
    title: 'a name that clients may refuse',
    yaml: lines(
      '  - name: label all',
      '    description: d',
      '    steps: [{ id: a, tool: x }]',
      '  - name: label_all.v-2',
      '    description: d',
      '    steps: [{ id: a, tool: x }]',
    ),
    problems: [
      'warning f:9:11 compositeTools[0].name: is not what clients take as the name of a tool: some will refuse it (use 1 to 128 of A-Z a-z 0-9 _ - .)',
    ],
  },
  {
    title: 'default results that a loop needs',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, tool: x, condition: "{{not true}}" }',
      '      - { id: b, type: forEach, dependsOn: [a], collection: "{{.steps.a.output.items}}", step: { id: one, tool: x, arguments: { q: "{{.steps.a.output.name}}" } } }',
    ),
    problems: [
      'warning f:12:9 compositeTools[0].steps[0]: may be skipped, but .steps.a.output.items is read (add "items" to its defaultResults)',
      'warning f:12:9 compositeTools[0].steps[0]: may be skipped, but .steps.a.output.name is read (add "name" to its defaultResults)',
    ],
  },
  {
    title: 'types that JSON Schema does not have',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters:',
      '      type: object',
      '      properties:',
      '        n: { type: int }',
      '    steps: [{ id: a, tool: x }]',
    ),
    problems: [
      'f:14:20 compositeTools[0].parameters.properties.n.type: "int" is not a type of JSON Schema; did you mean "integer"?',
    ],
  },
  {
    title: 'a JSON Schema that is none',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters:',
      '      type: object',
      '      properties: { n: { type: integer, minimum: "1" } }',
      '      required: [m]',
      '    steps: [{ id: a, tool: x }]',
    ),
    problems: [
      'f:13:50 compositeTools[0].parameters.properties.n.minimum: is not a JSON Schema: must be number',
    ],
  },
  {
    title: 'a schema that would have to be fetched',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters:',
      '      type: object',
      '      properties:',
      '        n: { $ref: "https://schemas.example/n.json" }',
      '    steps: [{ id: a, tool: x }]',
    ),
    problems: [
      'f:14:20 compositeTools[0].parameters.properties.n["$ref"]: "https://schemas.example/n.json" is outside of this schema, and schemas are never fetched',
    ],
  },
  {
    title: 'required names and defaults that do not fit',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters:',
      '      type: object',
      '      properties:',
      '        repo: { type: string }',
      '        limit: { type: integer, default: many }',
      '        page: { type: integer, default: "2" }',
      '      required: [rpo]',
      '    steps: [{ id: a, tool: x, arguments: { q: "{{.params.repo}}" } }]',
    ),
    problems: [
      'warning f:15:42 compositeTools[0].parameters.properties.limit.default: is not of the type integer',
      'warning f:17:18 compositeTools[0].parameters.required[0]: "rpo" is not one of the properties (did you mean "repo"?)',
    ],
  },
  {
    title: 'a schema of the wrong form',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: [a], required: b }',
      '    steps: [{ id: a, tool: x }]',
    ),
    problems: ['f:11:17 compositeTools[0].parameters: `properties` must be a map'],
  },
  {
    title: 'the schema of a question that is none',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, type: elicitation, message: m, schema: { type: object, properties: { ok: { type: bool } } } }',
      '      - { id: b, type: elicitation, message: m, schema: { type: object, properties: { who: { type: object } } } }',
      '      - { id: c, type: elicitation, message: m, schema: { type: object, a: { b: { c: { d: { e: { f: { g: { h: { i: { j: { k: 1 } } } } } } } } } } } }',
    ),
    problems: [
      'f:12:99 compositeTools[0].steps[0].schema.properties.ok.type: "bool" is not a type of JSON Schema; did you mean "boolean"?',
      'warning f:13:92 compositeTools[0].steps[1].schema.properties.who: is a map: clients ask for text, numbers and choices only',
      'f:14:57 compositeTools[0].steps[2].schema: is nested 11 levels deep; the limit is 10',
    ],
  },
  {
    title: 'a loop that cannot finish in its own time',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { items: { type: array } } }',
      '    steps:',
      '      - id: each',
      '        type: forEach',
      '        collection: "{{json .params.items}}"',
      '        maxIterations: 200',
      '        maxParallel: 5',
      '        timeout: 10m',
      '        step: { id: one, tool: x, timeout: 1m }',
    ),
    problems: [
      'warning f:18:18 compositeTools[0].steps[0].timeout: 200 iterations, 5 at once, are 40 rounds of up to 1m0s = 40m0s, but its timeout is 10m0s (the smallest change that fits is one of timeout: 40m0s here and of the composite tool, maxParallel: 20, maxIterations: 50, timeout: 15s of the inner step)',
    ],
  },
  {
    title: 'a loop that cannot finish in the time of the run',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { items: { type: array } } }',
      '    timeout: 10m',
      '    steps:',
      '      - { id: each, type: forEach, collection: "{{.params.items}}", maxIterations: 1000, step: { id: one, tool: x } }',
    ),
    problems: [
      'warning f:14:9 compositeTools[0].steps[0]: 1000 iterations, 10 at once, are 100 rounds of up to 30s = 50m0s, but the timeout of the run is 10m0s (the smallest change that fits is one of timeout: 50m0s of the composite tool, maxParallel: 50, maxIterations: 200, timeout: 6s of the inner step)',
    ],
  },
  {
    title: 'an inner step longer than its loop',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { items: { type: array } } }',
      '    steps:',
      '      - { id: each, type: forEach, collection: "{{.params.items}}", timeout: 30s, step: { id: one, tool: x, timeout: 1m } }',
    ),
    problems: [
      'warning f:13:78 compositeTools[0].steps[0].timeout: 100 iterations, 10 at once, are 10 rounds of up to 1m0s = 10m0s, but its timeout is 30s (the smallest change that fits is one of timeout: 10m0s here, timeout: 3s of the inner step)',
    ],
  },
  {
    title: 'loops that fit one by one only',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { items: { type: array } } }',
      '    timeout: 8m',
      '    steps:',
      '      - { id: one, type: forEach, collection: "{{.params.items}}", step: { id: i, tool: x } }',
      '      - { id: two, type: forEach, dependsOn: [one], collection: "{{.params.items}}", step: { id: i, tool: x } }',
    ),
    problems: [
      'warning f:15:9 compositeTools[0].steps[1]: the loops one, two, one after the other, may take 10m0s, but the timeout of the run is 8m0s (timeout: 10m0s of the composite tool)',
    ],
  },
  {
    title: 'unknown keys of tools, steps and loops',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    step: []',
      '    annotations: { readonly: true }',
      '    steps:',
      '      - { id: a, tool: x, depends_on: [b], retry: 3 }',
      '      - { id: b, type: forEach, collection: "[]", max_parallel: 3, step: { id: one, tool: x, args: {} } }',
    ),
    problems: [
      'f:11:5 compositeTools[0].step: is not a known key (did you mean "steps"?)',
      'f:12:20 compositeTools[0].annotations.readonly: is not a known key (known keys: destructiveHint, idempotentHint, openWorldHint, readOnlyHint, title)',
      'f:14:27 compositeTools[0].steps[0].depends_on: is not a known key (did you mean "dependsOn"?)',
      'f:14:44 compositeTools[0].steps[0].retry: is not a known key (known keys: arguments, collection, condition, defaultResults, dependsOn, distribution, id, idempotent, itemVar, maxIterations, maxParallel, message, onCancel, onDecline, onError, schema, step, timeout, tool, type)',
      'f:15:51 compositeTools[0].steps[1].max_parallel: is not a known key (did you mean "maxParallel"?)',
      'f:15:94 compositeTools[0].steps[1].step.args: is not a known key (it belongs in backends)',
    ],
  },
  {
    title: 'reactions that do not exist',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, type: elicitation, message: m, schema: { type: object }, onDecline: {}, onCancel: { action: skip } }',
    ),
    problems: [
      'f:12:86 compositeTools[0].steps[0].onDecline.action: is required: one of abort, continue, skip_remaining',
      'f:12:110 compositeTools[0].steps[0].onCancel.action: must be one of abort, continue, skip_remaining, not "skip" (did you mean "skip_remaining"?)',
    ],
  },
  {
    title: 'an elicitation without a message and a schema that asks for text',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, type: elicitation, message: "", schema: { type: string } }',
    ),
    problems: [
      'f:12:46 compositeTools[0].steps[0].message: must not be empty',
      'f:12:58 compositeTools[0].steps[0].schema: must be a JSON Schema with `type: object`',
    ],
  },
  {
    title: 'output with a bad template, and without properties',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps: [{ id: a, tool: x }]',
      '    output:',
      '      properties:',
      '        n: { type: object, description: d, properties: { m: { type: integer, description: d, value: "{{.steps.a.output.n" } } }',
    ),
    problems: [
      'f:14:121 compositeTools[0].output.properties.n.properties.m.value: is not a template: the action is not closed',
    ],
  },
  {
    title: 'a default with too many digits',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    parameters: { type: object, properties: { id: { type: integer, default: 9007199254740993 }, ok: { type: integer, default: "9007199254740993" } } }',
      '    steps: [{ id: a, tool: x }]',
    ),
    problems: [
      'warning f:11:77 compositeTools[0].parameters.properties.id.default: has more digits than a number in a file can keep (put it in quotes)',
    ],
  },
  {
    title: 'a number with too many digits, and arguments that are nested too deeply',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - id: a',
      '        tool: x',
      '        arguments: { id: [12345678901234567890], ok: "12345678901234567890", fine: 9007199254740991 }',
      '      - { id: b, tool: x, arguments: { deep: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] } }',
    ),
    problems: [
      'warning f:14:27 compositeTools[0].steps[0].arguments.id[0]: has more digits than a number in a file can keep (put it in quotes)',
      'f:15:38 compositeTools[0].steps[1].arguments: are nested 101 levels deep; the limit is 100',
    ],
  },
  {
    title: 'more than 100 steps',
    yaml: lines('  - name: t', '    description: d', `    steps: [${manySteps(101)}]`),
    problems: ['f:11:12 compositeTools[0].steps: must have at most 100 items'],
  },
  {
    title: 'nothing about 100 steps, the most there may be',
    yaml: lines('  - name: t', '    description: d', `    steps: [${manySteps(100)}]`),
    problems: [],
  },
  {
    title: 'an inner step without an id, and a step without one',
    yaml: lines(
      '  - name: t',
      '    description: d',
      '    steps:',
      '      - { id: a, type: forEach, collection: "[]", step: { tool: x } }',
      '      - { tool: x }',
    ),
    problems: [
      'f:12:57 compositeTools[0].steps[0].step.id: is required',
      'f:13:9 compositeTools[0].steps[1].id: is required',
    ],
  },
  {
    title: 'output without values, and output nested deeper than 10',
    yaml: lines(
      '  - { name: t, description: d, steps: [{ id: a, tool: x }], output: { properties: {} } }',
      `  - { name: u, description: d, steps: [{ id: a, tool: x }], output: { properties: { n: ${nested(9)} } } }`,
      `  - { name: v, description: d, steps: [{ id: a, tool: x }], output: { properties: { n: ${nested(10)} } } }`,
    ),
    problems: [
      'f:9:83 compositeTools[0].output.properties: must have at least one value',
      'f:11:69 compositeTools[2].output: is nested deeper than 10',
    ],
  },
]

function manySteps(count: number): string {
  return Array.from({ length: count }, (_, at) => `{ id: s${at}, tool: x }`).join(', ')
}

/** An output value with so many levels below it. */
function nested(levels: number): string {
  if (levels === 0) return '{ type: string, description: d, value: x }'
  return `{ type: object, description: d, properties: { n: ${nested(levels - 1)} } }`
}

function lines(...text: string[]): string {
  return text.join('\n')
}
