import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mcpErrors } from '../mcp/errors.ts'
import { errorReply, resultReply, type Reply } from '../mcp/reply.ts'
import { buildCatalogue } from './aggregation/build-catalogue.ts'
import { TRANSPARENT } from './aggregation/settings.ts'
import { describedOffer } from './aggregation/testing/samples.ts'
import type { Backend } from './backend.ts'
import { mayHaveResource, ownerOfResource, readFromFirst } from './unlisted-resources.ts'
import { makeCall } from './testing/fake-backend.ts'

type Answers = Record<string, () => Promise<Reply> | Reply>

const HAS = () => resultReply({ contents: [] })
const HAS_NOT = () => errorReply(-32602, 'Resource not found')
const REFUSES = () => errorReply(-32603, 'Not for you')
const AWAY = () =>
  Promise.reject(mcpErrors.BACKEND_GONE({ backend: 'x', reason: 'test', ran: 'no' }))
const NOT_FOUND = errorReply(-32002, 'Resource not found: x://1')

function backendsOf(answers: Answers, era = 'legacy') {
  const asked: string[] = []
  const backends = Object.entries(answers).map(([name, answer]) => {
    const request = async () => {
      asked.push(name)
      return answer()
    }
    return {
      name,
      main: { era },
      timeoutsFor: () => ({}),
      connectionFor: () => ({ request }),
      request,
    }
  })
  return { asked, backends: backends as unknown as (Backend & { request(): Promise<Reply> })[] }
}

async function read(answers: Answers, changes: Parameters<typeof makeCall>[0] = {}) {
  const { asked, backends } = backendsOf(answers)
  const reply = await readFromFirst(
    backends,
    ({ name }) => backends.find((each) => each.name === name)!.request(),
    { call: makeCall(changes), notFound: NOT_FOUND },
  )
  return { asked, reply }
}

describe('a resource that nobody lists', () => {
  it('is read from the first that has it', async () => {
    const { asked, reply } = await read({ a: HAS_NOT, b: AWAY, c: HAS, d: HAS })
    assert.equal(reply.kind, 'result')
    assert.deepEqual(asked, ['a', 'b', 'c'])
  })

  it('is not found if none has it; who refuses or cannot be asked may have it', async () => {
    assert.deepEqual((await read({ a: HAS_NOT, b: HAS_NOT })).reply, NOT_FOUND)
    assert.deepEqual((await read({ a: HAS_NOT, b: AWAY, c: REFUSES })).reply, REFUSES())
    await assert.rejects(read({ a: AWAY, b: HAS_NOT }), { code: 'MCP_BACKEND_GONE' })
    assert.deepEqual((await read({})).reply, NOT_FOUND)
  })

  it('is what the only backend says it is', async () => {
    assert.deepEqual((await read({ a: HAS_NOT })).reply, HAS_NOT())
    await assert.rejects(read({ a: AWAY }), { code: 'MCP_BACKEND_GONE' })
  })

  it('is looked for at backends that are up, unless none is', () => {
    const described = (name: string) => describedOffer(name, { resources: {} })
    const catalogue = buildCatalogue(['a', 'b', 'c'].map(described), TRANSPARENT)
    const candidates = (up: string[]) => {
      const backends = ['a', 'b', 'c'].map((name) => {
        const main = up.includes(name) ? {} : undefined
        return [name, { name, main } as unknown as Backend] as const
      })
      return mayHaveResource(catalogue, new Map(backends), 'x://1').map(({ name }) => name)
    }
    assert.deepEqual(candidates(['b', 'c']), ['b', 'c'])
    assert.deepEqual(candidates(['c']), ['c'])
    assert.deepEqual(candidates([]), ['a', 'b', 'c'])
  })

  it('is looked for no further when the client cannot answer, or has gone', async () => {
    const unanswerable = () =>
      Promise.reject(
        mcpErrors.CLIENT_CANNOT_ANSWER({ method: 'm', reason: 'r', requiredCapabilities: {} }),
      )
    await assert.rejects(read({ a: unanswerable, b: HAS }), { code: 'MCP_CLIENT_CANNOT_ANSWER' })
  })

  it('keeps the state of a retry from legacy backends, which give none', async () => {
    const { asked } = await read({ a: HAS, b: HAS }, { retry: { state: 's' } })
    assert.deepEqual(asked, [])
  })

  it('belongs to the one that can read it; one alone is not asked', async () => {
    const ownerOf = async (answers: Answers) => {
      const { asked, backends } = backendsOf(answers)
      const owner = await ownerOfResource(backends, makeCall(), 'x://1')
      return [owner?.name, asked]
    }
    assert.deepEqual(await ownerOf({ a: REFUSES, b: AWAY, c: HAS }), ['c', ['a', 'b', 'c']])
    assert.deepEqual(await ownerOf({ a: HAS_NOT, b: HAS_NOT }), [undefined, ['a', 'b']])
    assert.deepEqual(await ownerOf({ a: AWAY }), ['a', []])
  })
})
