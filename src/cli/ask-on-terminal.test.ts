import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { askOnTerminal } from './ask-on-terminal.ts'

const REQUEST = {
  method: 'elicitation/create' as const,
  params: {
    message: 'Delete 3 files?',
    requestedSchema: {
      type: 'object',
      properties: {
        sure: { type: 'boolean', title: 'Really sure' },
        count: { type: 'integer' },
        colour: { type: 'string', enum: ['red', 'blue'], default: 'blue' },
        note: { type: 'string' },
      },
      required: ['sure', 'count'],
    },
  },
}

/** Types a line each time something is asked; then the input ends. */
async function answering(...answers: string[]) {
  const input = new PassThrough()
  const output = new PassThrough()
  let shown = ''
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
    if (!/: $/.test(chunk.toString())) return
    const next = answers.shift()
    if (next === undefined) input.end()
    else input.write(`${next}\n`)
  })
  return { result: await askOnTerminal(REQUEST, { input, output }), shown }
}

describe('askOnTerminal()', () => {
  it('asks for each value until it can be one', async () => {
    const { result, shown } = await answering('y', 'perhaps', 'yes', '', 'x', '7', '', '')
    assert.deepEqual(result, {
      action: 'accept',
      content: { sure: true, count: 7, colour: 'blue' },
    })
    assert.match(shown, /Delete 3 files\?/)
    assert.match(shown, /colour \(red \| blue\) \[blue\]: /)
  })

  it('asks again after what is no answer, a few times', async () => {
    const { result, shown } = await answering('', 'maybe', 'never', 'n')
    assert.deepEqual(result, { action: 'decline' })
    assert.equal(shown.split('Please write y, n or c: ').length, 4)
    assert.deepEqual((await answering('1', '2', '3', '4', '5', 'n')).result, { action: 'cancel' })
  })

  it('takes no for an answer, and the end for a cancellation', async () => {
    assert.deepEqual((await answering('n')).result, { action: 'decline' })
    assert.deepEqual((await answering('c')).result, { action: 'cancel' })
    assert.deepEqual((await answering()).result, { action: 'cancel' })
    assert.deepEqual((await answering('y', 'yes')).result, { action: 'cancel' })
  })
})
