import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Company } from './company.ts'

function companyOf(count: number): { company: Company; wentOn: string[] } {
  const company = new Company()
  for (let one = 0; one < count; one += 1) company.goOut()
  return { company, wentOn: [] }
}

it('lets those who come back within a moment go on together', async () => {
  const { company, wentOn } = companyOf(3)
  company.comeBack(() => wentOn.push('a'))
  company.comeBack(() => wentOn.push('b'))
  assert.deepEqual(wentOn, [])
  await sleep(20)
  assert.deepEqual(wentOn, ['a', 'b'])
})

it('lets them go on at once when nobody else is out', async () => {
  const { company, wentOn } = companyOf(2)
  company.comeBack(() => wentOn.push('a'))
  // Whoever goes on may go out again.
  company.comeBack(() => {
    wentOn.push('b')
    company.goOut()
  })
  assert.deepEqual(wentOn, ['a', 'b'])
  company.comeBack(() => wentOn.push('c'))
  assert.deepEqual(wentOn, ['a', 'b', 'c'])
  await sleep(20)
  assert.equal(wentOn.length, 3)
})
