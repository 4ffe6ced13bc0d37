import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createSealer } from '../storage/sealing.ts'
import { readPlace, writePlace, type PlaceRecord } from './place-record.ts'

const sealer = createSealer([{ id: 'k', key: Buffer.alloc(32, 7) }])
const SESSION: PlaceRecord = {
  kind: 'session',
  sessionId: 'at the backend',
  version: '2025-11-25',
}

it('believes a session of a backend only where it was written with the key, for this place', () => {
  for (const each of [undefined, sealer]) {
    assert.partialDeepStrictEqual(readPlace(writePlace(SESSION, 'a', each), 'a', each), SESSION)
  }
  assert.equal(readPlace(writePlace(SESSION, 'a', undefined), 'a', sealer), undefined)
  assert.equal(readPlace(writePlace(SESSION, 'a', sealer), 'b', sealer), undefined)
  assert.equal(readPlace(writePlace(SESSION, 'a', sealer), 'a', undefined), undefined)
})
