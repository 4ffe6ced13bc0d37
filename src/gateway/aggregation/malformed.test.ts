import assert from 'node:assert/strict'
import { it } from 'node:test'
import { buildCatalogue } from './build-catalogue.ts'
import { TRANSPARENT } from './settings.ts'
import { toolsOffer } from './testing/samples.ts'

it('notes what backends list that is not as the protocol says, of long lists the first', () => {
  const bad = (subject: string, isKept = true) => ({
    subject,
    isKept,
    faults: 'title must be a string',
  })
  const many = Array.from({ length: 60 }, (_, i) => bad(`p${i}`))
  const { notes } = buildCatalogue(
    [
      toolsOffer('calc', ['add'], {
        malformed: { tools: [bad('add'), bad('mul', false)], prompts: many },
      }),
    ],
    TRANSPARENT,
  )
  assert.deepEqual(
    notes.slice(0, 2).map(({ code, message }) => [code, message]),
    [
      [
        'malformed',
        'Tool "add" of backend "calc" is listed in a mended form: title must be a string',
      ],
      ['malformed', 'Tool "mul" of backend "calc" is not listed: title must be a string'],
    ],
  )
  assert.equal(notes.length, 2 + 50 + 1)
  assert.equal(notes.at(-1)?.message, 'Backend "calc" lists 10 more malformed prompts')
})
