import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { behindGateway, textOf } from '../support/behind-gateway.ts'
import { connectHttp, connectSse, ERAS } from '../support/clients.ts'
import { FIXTURE_VARIANTS } from '../support/fixture.ts'

/** Whoever asks, whoever is asked: every era and transport behind, both eras in front. */
for (const variant of FIXTURE_VARIANTS) {
  describe(`questions of a ${variant} backend`, () => {
    const gateway = behindGateway(variant)

    // The first calls of all: nothing is known yet of the tool.
    it('of several modern clients at once are clear from the first call on', () =>
      greetAll('modern'))

    for (const era of ERAS) {
      it(`reach a ${era} client and its answer comes back`, async () => {
        await using peer = await connectHttp(gateway().url, { era })
        const result = await peer.client.callTool({
          name: 'test_input_required_result_elicitation',
          arguments: {},
        })
        assert.equal(textOf(result), 'Hello, Ada!')
      })

      it(`carry a sample and the roots of a ${era} client`, async () => {
        await using peer = await connectHttp(gateway().url, { era })
        const sampled = await peer.client.callTool({
          name: 'test_sampling',
          arguments: { prompt: 'Say something' },
        })
        assert.equal(textOf(sampled), 'LLM response: Sampled by the test client')
        const rooted = await peer.client.callTool({
          name: 'test_input_required_result_list_roots',
          arguments: {},
        })
        assert.equal(textOf(rooted), 'Roots: file:///test/root')
      })

      it(`come in several rounds and several at once to a ${era} client`, async () => {
        await using peer = await connectHttp(gateway().url, { era })
        const rounds = await peer.client.callTool({
          name: 'test_input_required_result_multi_round',
          arguments: {},
        })
        assert.equal(textOf(rounds), 'Ada likes green')
        const several = await peer.client.callTool({
          name: 'test_input_required_result_multiple_inputs',
          arguments: {},
        })
        assert.equal(textOf(several), 'Sampled by the test client Ada, 1 roots')
      })

      it(`can be declined by a ${era} client`, async () => {
        await using peer = await connectHttp(gateway().url, {
          era,
          onElicit: () => ({ action: 'decline' }),
        })
        const result = await peer.client.callTool({
          name: 'test_elicitation',
          arguments: { message: 'Who are you?' },
        })
        assert.match(textOf(result), /action=decline/)
      })

      it(`are asked by prompts too, of a ${era} client`, async () => {
        await using peer = await connectHttp(gateway().url, {
          era,
          onElicit: () => ({ action: 'accept', content: { context: 'the test' } }),
        })
        const { messages } = await peer.client.getPrompt({
          name: 'test_input_required_result_prompt',
        })
        assert.deepEqual(messages[0]?.content, { type: 'text', text: 'Context: the test' })
      })

      it(`of several ${era} clients at once do not get mixed up`, () => greetAll(era))

      it(`are refused for a ${era} client that cannot answer them`, async () => {
        await using peer = await connectHttp(gateway().url, { era, capabilities: {} })
        const refusal = await peer.client
          .callTool({ name: 'test_missing_capability', arguments: {} })
          .then(
            (result) => (result.isError ? 'refused' : textOf(result)),
            () => 'refused',
          )
        assert.equal(refusal, 'refused')
      })
    }

    async function greetAll(era: (typeof ERAS)[number]): Promise<void> {
      const names = ['Grace', 'Edsger', 'Barbara', 'Donald']
      const greetings = await Promise.all(
        names.map(async (name) => {
          await using peer = await connectHttp(gateway().url, {
            era,
            onElicit: () => ({ action: 'accept', content: { name } }),
          })
          const result = await peer.client.callTool({
            name: 'test_input_required_result_elicitation',
            arguments: {},
          })
          return textOf(result)
        }),
      )
      assert.deepEqual(
        greetings,
        names.map((name) => `Hello, ${name}!`),
      )
    }

    it('reach a client on HTTP+SSE', async () => {
      await using peer = await connectSse(`${gateway().origin}/sse`, {})
      const result = await peer.client.callTool({
        name: 'test_input_required_result_elicitation',
        arguments: {},
      })
      assert.equal(textOf(result), 'Hello, Ada!')
    })
  })
}
