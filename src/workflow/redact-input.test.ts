import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Json } from '../base/json.ts'
import { redactInput } from './redact-input.ts'

it('masks members named like credentials, whatever they hold, at any depth', () => {
  const input = {
    user: 'a',
    password: 1,
    deep: [{ 'X-Api-Key': { k: 'v' }, Authorization: 'Basic x' }],
  }
  assert.deepEqual(redactInput(input), {
    user: 'a',
    password: '[redacted]',
    deep: [{ 'X-Api-Key': '[redacted]', Authorization: '[redacted]' }],
  })
})

it('masks texts that look like credentials', () => {
  assert.deepEqual(redactInput(['call with Bearer abcdefghijkl']), ['call with Bearer [redacted]'])
})

it('leaves counts of tokens alone, and says how long a shortened text was', () => {
  assert.deepEqual(redactInput({ max_tokens: 100 }), { max_tokens: 100 })
  const long = redactInput('x'.repeat(5000)) as string
  assert.match(long, /^x{1000}… \(5000 characters\)$/)
})

it('stops where no message could be nested deeper', () => {
  let value: Json = 'x'
  for (let level = 0; level < 100_000; level++) value = [value]
  assert.match(JSON.stringify(redactInput(value)), /^\[{512}"\[nested too deeply\]"\]{512}$/)
})
