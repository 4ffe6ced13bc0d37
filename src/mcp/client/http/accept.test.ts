import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { acceptsEvents, isJsonContent, readAccept } from './accept.ts'

describe('the Accept header', () => {
  it('is read leniently, and its order tells what a client likes better', () => {
    assert.equal(readAccept(undefined), 'both')
    assert.equal(readAccept('*/*'), 'both')
    assert.equal(readAccept('application/json, text/event-stream'), 'both')
    assert.equal(readAccept('text/event-stream, application/json'), 'sse-first')
    assert.equal(readAccept('text/event-stream, */*'), 'both')
    assert.equal(readAccept('application/json'), 'json')
    assert.equal(readAccept('text/event-stream'), 'sse')
    assert.equal(readAccept('text/html'), undefined)
  })

  it('has to name event streams for a GET', () => {
    assert.equal(acceptsEvents('text/event-stream'), true)
    assert.equal(acceptsEvents('*/*'), true)
    assert.equal(acceptsEvents('application/json'), false)
    assert.equal(acceptsEvents(undefined), false)
  })

  it('goes with a JSON body', () => {
    assert.equal(isJsonContent('Application/JSON; charset=utf-8'), true)
    assert.equal(isJsonContent('application/vnd.x+json'), true)
    assert.equal(isJsonContent(undefined), true)
    assert.equal(isJsonContent('text/plain'), false)
  })
})
