import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../base/json.ts'
import { renderPath } from '../schema/problem.ts'
import type { ToolAnnotations } from '../schema/tool-annotations.ts'
import { checkTools } from './check-tools.ts'
import { parseDefinition } from './compile-plan.ts'

interface Tool {
  inputSchema?: JsonObject
  annotations?: ToolAnnotations
}

const TOOLS: Readonly<Record<string, Tool>> = {
  gh_list_issues: {
    inputSchema: {
      type: 'object',
      properties: {
        repo: { type: 'string' },
        per_page: { type: 'integer' },
        labels: { type: 'array' },
      },
      required: ['repo'],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true, openWorldHint: true },
  },
  ev_sum: {
    inputSchema: {
      type: 'object',
      properties: {
        a: { type: 'number' },
        unit: { type: 'string' },
        opts: { type: 'object', properties: { digits: { type: 'integer' } }, required: ['digits'] },
        list: { type: 'array', items: { type: 'number' } },
      },
      required: ['a'],
    },
  },
  open_ended: {
    inputSchema: {
      type: 'object',
      properties: { title: { type: 'string' } },
      additionalProperties: true,
    },
  },
  composed: { inputSchema: { type: 'object', properties: {}, allOf: [{ properties: { a: {} } }] } },
  gh_open: { inputSchema: { type: 'object', required: ['title'] } },
  free: {},
}

describe('checkTools', () => {
  it('6.10: finds tools that no backend has, in loops too, and what was meant', () => {
    assert.deepEqual(
      findings({
        steps: [
          { id: 'a', tool: 'gh_list_isues', arguments: {} },
          { id: 'b', type: 'forEach', collection: '[]', step: { id: 'i', tool: 'zzzzzzzzzzzz' } },
          { id: 'c', tool: 'free', arguments: { any: 1 } },
        ],
      }),
      [
        'steps[0].tool: no backend has a tool "gh_list_isues": this composite tool is not offered (did you mean "gh_list_issues"?)',
        'steps[1].step.tool: no backend has a tool "zzzzzzzzzzzz": this composite tool is not offered',
      ],
    )
  })

  it('finds arguments that the tool does not have, and required ones that are missing', () => {
    assert.deepEqual(
      findings({
        steps: [
          { id: 'a', tool: 'gh_list_issues', arguments: { repos: '{{.params.r}}' } },
          { id: 'b', tool: 'gh_open' },
          { id: 'c', tool: 'gh_open', arguments: { titel: 'x' } },
        ],
      }),
      [
        'steps[0].arguments.repos: "gh_list_issues" has no argument "repos" (did you mean "repo"?)',
        'warning steps[0].arguments: "gh_list_issues" requires the argument "repo"',
        'warning steps[1].tool: "gh_open" requires the argument "title"',
        'warning steps[2].arguments: "gh_open" requires the argument "title"',
      ],
    )
  })

  it('warns of arguments that the tool would pass over', () => {
    assert.deepEqual(
      findings({
        steps: [
          { id: 'a', tool: 'ev_sum', arguments: { a: 1, unti: '{{.params.r}}' } },
          { id: 'b', tool: 'ev_sum', arguments: { A: 1, colour: 'red' } },
          { id: 'c', tool: 'open_ended', arguments: { titel: 'x', whatever: 1 } },
          { id: 'd', tool: 'composed', arguments: { a: 1 } },
          { id: 'e', tool: 'ev_sum', arguments: { a: 1, opts: { digit: 2 } } },
        ],
      }),
      [
        'warning steps[0].arguments.unti: "ev_sum" has no argument "unti" (did you mean "unit"?)',
        'warning steps[1].arguments.A: "ev_sum" has no argument "A" (did you mean "a"?)',
        'warning steps[1].arguments.colour: "ev_sum" has no argument "colour" (it has a, unit, opts, list)',
        'warning steps[1].arguments: "ev_sum" requires the argument "a"',
        'warning steps[2].arguments.titel: "open_ended" has no argument "titel" (did you mean "title"?)',
        'warning steps[4].arguments.opts.digit: the tool has here no "digit" (did you mean "digits"?)',
        'warning steps[4].arguments.opts: the tool requires "digits" here',
      ],
    )
  })

  it('finds lists and maps that the tool cannot take, and values in them', () => {
    assert.deepEqual(
      findings({
        steps: [
          { id: 'a', tool: 'ev_sum', arguments: { a: [1] } },
          { id: 'b', tool: 'ev_sum', arguments: { a: { b: '{{.params.r}}' }, opts: ['{{.x}}'] } },
          { id: 'c', tool: 'ev_sum', arguments: { a: '2', list: [1, '{{.x}}', 'three', '4'] } },
          { id: 'd', tool: 'ev_sum', arguments: { a: 1, opts: { digits: 'two' } } },
        ],
      }),
      [
        'warning steps[0].arguments.a: is a list, but the tool takes number',
        'warning steps[1].arguments.a: is a map, but the tool takes number',
        'warning steps[1].arguments.opts: is a list, but the tool takes object',
        'warning steps[2].arguments.list[2]: is "three", but the tool takes number',
        'warning steps[3].arguments.opts.digits: is "two", but the tool takes integer',
      ],
    )
  })

  it('finds values that the tool cannot take, where no template makes them', () => {
    assert.deepEqual(
      findings({
        steps: [
          {
            id: 'a',
            tool: 'gh_list_issues',
            arguments: { repo: 'r', per_page: 'many', labels: 'bug' },
          },
          { id: 'b', tool: 'gh_list_issues', arguments: { repo: '{{.x}}', per_page: '5' } },
        ],
      }),
      [
        'warning steps[0].arguments.per_page: is "many", but the tool takes integer',
        'warning steps[0].arguments.labels: is "bug", but the tool takes array',
      ],
    )
  })

  it('6.10: finds a name that a backend has taken', () => {
    assert.deepEqual(findings({ name: 'gh_open', steps: [{ id: 'a', tool: 'free' }] }), [
      'name: a backend has a tool "gh_open": this composite tool is not offered (give one of the two another name)',
    ])
  })

  it('6.11: finds hints that claim more than the steps allow, and the tools that are why', () => {
    assert.deepEqual(
      findings({
        annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
        steps: [
          { id: 'a', tool: 'gh_list_issues', arguments: { repo: 'r' } },
          { id: 'b', tool: 'free' },
        ],
      }),
      [
        'annotations.readOnlyHint: claims true, but its steps make it false (free): this composite tool is not offered (write false, or leave it out)',
        'annotations.destructiveHint: claims false, but its steps make it true (free): this composite tool is not offered (write true, or leave it out)',
        'annotations.openWorldHint: claims false, but its steps make it true (gh_list_issues, free): this composite tool is not offered (write true, or leave it out)',
      ],
    )
  })

  it('passes over questions', () => {
    const ask = { id: 'a', type: 'elicitation', message: 'm', schema: { type: 'object' } }
    assert.deepEqual(findings({ steps: [ask] }), [])
  })
})

function findings(definition: JsonObject): string[] {
  const plan = parseDefinition({ name: 'triage', description: 'd', ...definition })
  const tools = {
    find(name: string) {
      const tool = TOOLS[name]
      return tool && { inputSchema: tool.inputSchema, annotations: tool.annotations ?? {} }
    },
    names: Object.keys(TOOLS),
    isTaken: (name: string) => Object.hasOwn(TOOLS, name),
  }
  return checkTools(plan, tools).map(({ severity, path, reason, hint }) => {
    const word = severity === undefined ? '' : `${severity} `
    return `${word}${renderPath(path)}: ${reason}${hint === undefined ? '' : ` (${hint})`}`
  })
}
