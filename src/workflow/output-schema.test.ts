import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Json, JsonObject } from '../base/json.ts'
import { outputSchemaOf } from './output-schema.ts'
import type { PlannedOutput, PlannedProperty } from './plan.ts'
import { toToolResult } from './tool-result.ts'

function property(type: PlannedProperty['type'], byDefault?: Json): PlannedProperty {
  return { type, description: 'd', value: undefined, properties: undefined, default: byDefault }
}

function outputOf(properties: Record<string, PlannedProperty>, required: string[]): PlannedOutput {
  return { properties: new Map(Object.entries(properties)), required }
}

const failed = JSON.parse(
  JSON.stringify(
    toToolResult({ name: 'flow' }, 'r1', {
      status: 'failed',
      failure: { message: 'no', step: 'b', tries: 1, input: { n: 1 }, unknown: [{ step: 'b' }] },
      completed: ['a'],
      steps: { a: { status: 'completed', output: {} } },
    })['structuredContent'],
  ),
) as JsonObject

function fits(schema: JsonObject | undefined, value: Json): boolean {
  return new Ajv2020({ strict: false }).validate(schema!, value)
}

describe('outputSchemaOf', () => {
  it('6.9: derives the outputSchema', () => {
    const deep = new Map([['deep', property('integer')]])
    const output = outputOf(
      { a: property('string', 'x'), b: { ...property('object'), properties: deep } },
      [],
    )
    const schema = {
      type: 'object',
      properties: {
        a: { type: 'string', description: 'd', default: 'x' },
        b: {
          type: 'object',
          description: 'd',
          properties: { deep: { type: 'integer', description: 'd' } },
        },
      },
    }
    assert.deepEqual(outputSchemaOf(output), schema)
    assert.ok(fits(outputSchemaOf(output), failed))
    assert.equal(outputSchemaOf(undefined), undefined)
  })

  it('demands what is required of runs that completed, and has room for those that did not', () => {
    const schema = outputSchemaOf(outputOf({ n: property('integer') }, ['n']))
    assert.deepEqual((schema?.['anyOf'] as Json[])[0], { required: ['n'] })
    assert.ok(fits(schema, { n: 1 }))
    assert.ok(!fits(schema, {}))
    assert.ok(!fits(schema, { n: 'x' }))
    assert.ok(fits(schema, failed))
    assert.ok(!fits(schema, { ...failed, status: 'completed' }))
  })

  it('tells properties that have the name of something that failed runs tell from those', () => {
    for (const required of [[], ['status']]) {
      const schema = outputSchemaOf(
        outputOf(
          {
            status: property('integer'),
            error: property('string'),
            input: property('number'),
            steps: { ...property('object'), properties: new Map([['a', property('integer')]]) },
          },
          required,
        ),
      )
      assert.ok(fits(schema, { status: 1, error: 'x', input: 2, steps: { a: 3 } }))
      assert.ok(!fits(schema, { status: 'x', error: 'x' }))
      assert.ok(!fits(schema, { status: 1, error: 2 }))
      assert.ok(fits(schema, failed))
    }
  })
})
