import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isAppError } from '../base/errors.ts'
import { parseJson } from '../base/parse-json.ts'
import { renderTemplate } from './render.ts'
import { tryParseTemplate } from './template.ts'
import { type Outcome, readVectors, type Vector } from './testing/vectors.ts'
import type { TemplateData } from './values.ts'

/** The files of the corpus, each with its cases. */
const groups = Map.groupBy(readVectors(), ({ name }) => name.slice(0, name.lastIndexOf(' ')))

describe('6.4: templates of Go', () => {
  for (const [group, vectors] of groups) {
    describe(group, () => {
      for (const vector of vectors) {
        it(`${vector.name}: ${vector.template}`, () => check(vector))
      }
    })
  }

  it('are many', () => {
    assert.ok([...groups.values()].flat().length >= 500)
  })
})

function check({ template, data, go, ours }: Vector): void {
  const outcome = outcomeOf(template, parseJson(data) as TemplateData)
  if (!ours) return assert.deepEqual(outcome, go)
  const { reason, ...expected } = ours
  assert.deepEqual(outcome, expected)
  assert.notDeepEqual(expected, go, `there is no difference any more: ${reason}`)
}

function outcomeOf(source: string, data: TemplateData): Outcome {
  const result = tryParseTemplate(source)
  if (!result.ok) return { error: 'parse', line: result.line }
  try {
    return { output: renderTemplate(result.template, data) }
  } catch (error) {
    if (!isAppError(error, 'TEMPLATE_FAILED')) throw error
    return { error: 'exec', line: Number(error.details['line']) }
  }
}
