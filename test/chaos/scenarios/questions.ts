import { setTimeout as sleep } from 'node:timers/promises'
import { fetchApi } from '../../support/api-key.ts'
import { sendModern, type RawMessage } from '../../support/raw-mcp.ts'
import type { Scenario } from '../support/run-scenario.ts'

const ASK = {
  name: 'ask',
  description: 'Writes, asks, writes',
  parameters: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
  steps: [
    { id: 'before', tool: 'shop_write', arguments: { id: '{{.params.id}}-before' } },
    {
      id: 'confirm',
      type: 'elicitation',
      dependsOn: ['before'],
      message: 'Sure?',
      schema: { type: 'object', properties: { sure: { type: 'boolean' } } },
    },
    {
      id: 'after',
      tool: 'shop_write',
      arguments: { id: '{{.params.id}}-after' },
      dependsOn: ['confirm'],
    },
  ],
}
const ANSWERS = { confirm: { action: 'accept', content: { sure: true } } }
const CAN_ANSWER = { capabilities: { elicitation: { form: {} } } }
const QUESTIONS = 9
const ANSWER_WITHIN_MS = 45_000

/** A replica dies while it waits for answers of people: the answers count, wherever they arrive. */
export const questions: Scenario = {
  name: 'questions',
  title: 'kill -9 of a replica that waits for answers',
  ground: { rest: { compositeTools: [ASK] } },
  async act({ ground, fault, wrong, note }) {
    const ids = Array.from({ length: QUESTIONS }, (_, index) => `ask-${index}`)
    const { url } = ground.balancer
    const asked = await Promise.all(ids.map((id) => send(url, id, {})))
    fault('kill -9 of replica 0')
    await ground.replicas[0]!.kill()
    const answering = Promise.all(
      asked.map(({ result }, index) =>
        send(url, ids[index]!, {
          requestState: result?.['requestState'],
          inputResponses: ANSWERS,
        }),
      ),
    )
    const answered = await answering.catch(async (error: unknown) => {
      const all = ground.replicas.slice(1).map(({ port }) => runsAt(port))
      throw new Error(`an answer got none; the runs:\n${(await Promise.all(all)).join('\n')}`, {
        cause: error,
      })
    })
    const complete = answered.filter(({ result }) => result?.['resultType'] === 'complete')
    note(`questions: ${complete.length} of ${QUESTIONS} were answered and completed`)
    const effects = new Set((await ground.ledger.read()).map(({ id }) => id))
    for (const [index, { result, error }] of answered.entries()) {
      if (result?.['resultType'] === 'complete' && effects.has(`${ids[index]}-after`)) continue
      wrong(`${ids[index]} ended as ${JSON.stringify(error ?? result).slice(0, 200)}`)
    }
    await ground.restart(0)
  },
}

/** How its runs stand, for whoever has to find out why one did not end. */
async function runsAt(port: number): Promise<string> {
  const origin = `http://127.0.0.1:${port}/api/workflows`
  const { runs } = (await (await fetchApi(origin)).json()) as { runs: { id: string }[] }
  const all = runs.map(async ({ id }) => (await fetchApi(`${origin}/${id}`)).text())
  return (await Promise.all(all)).join('')
}

/** Sends until there is something other than a passing trouble, or the same question again. */
async function send(url: string, id: string, more: Record<string, unknown>): Promise<RawMessage> {
  const until = performance.now() + ANSWER_WITHIN_MS
  for (;;) {
    try {
      const params = { name: 'ask', arguments: { id }, ...more }
      const { status, response } = await sendModern(url, 'tools/call', params, {
        ...CAN_ANSWER,
        signal: AbortSignal.timeout(30_000),
      })
      const isAnswer = more['requestState'] === undefined || !isAskedAgain(response)
      if (status < 500 && isAnswer) return response
    } catch (error) {
      if (performance.now() > until) throw error
    }
    if (performance.now() > until) throw new Error(`${id} was not answered`)
    await sleep(200)
  }
}

function isAskedAgain({ result }: RawMessage): boolean {
  return result?.['resultType'] === 'input_required'
}
