import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MessageBus } from '../message-bus.ts'

/** A bus under test, and what its handlers' errors went to. */
export interface BusUnderTest {
  readonly bus: MessageBus
  readonly errors: unknown[]
  /** Another process on the same bus; absent where a bus is of one process. */
  readonly other?: MessageBus
}

/** What every implementation of MessageBus promises. */
export function testMessageBus(name: string, open: () => Promise<BusUnderTest>): void {
  const withBus = (run: (under: BusUnderTest) => Promise<void>) => async () => {
    const under = await open()
    try {
      await run(under)
    } finally {
      await under.bus.close()
      await under.other?.close()
    }
  }

  describe(name, () => {
    it(
      'tells all who listen to the channel, in order, and nobody else',
      withBus(async ({ bus, other }) => {
        const heard: string[] = []
        await bus.subscribe('a', (text) => heard.push(`1:${text}`))
        await (other ?? bus).subscribe('a', (text) => heard.push(`2:${text}`))
        await bus.subscribe('b', (text) => heard.push(`b:${text}`))
        for (const text of ['x', 'ü 🎈\n\0', '']) await bus.publish('a', text)
        await until(() => heard.length === 6)
        assert.deepEqual(
          heard.filter((one) => one.startsWith('1:')),
          ['1:x', '1:ü 🎈\n\0', '1:'],
        )
        assert.deepEqual(
          heard.filter((one) => one.startsWith('2:')),
          ['2:x', '2:ü 🎈\n\0', '2:'],
        )
        assert.equal(heard.length, 6)
      }),
    )

    it(
      'takes a channel literally',
      withBus(async ({ bus }) => {
        const heard: string[] = []
        await bus.subscribe('a*', (text) => heard.push(`star ${text}`))
        await bus.subscribe('ab', (text) => heard.push(`plain ${text}`))
        await bus.publish('ab', '1')
        await bus.publish('a*', '2')
        await until(() => heard.length === 2)
        assert.deepEqual(heard.toSorted(), ['plain 1', 'star 2'])
      }),
    )

    it(
      'calls nobody after unsubscribing, and goes on for the others',
      withBus(async ({ bus }) => {
        const heard: string[] = []
        const handler = (text: string) => heard.push(text)
        const end = await bus.subscribe('a', handler)
        await bus.subscribe('a', handler)
        await end()
        await end()
        await bus.publish('a', 'x')
        await until(() => heard.length === 1)
        await sleep(20)
        assert.deepEqual(heard, ['x'])
      }),
    )

    it(
      'listens again after the last one left',
      withBus(async ({ bus }) => {
        const heard: string[] = []
        await (
          await bus.subscribe('a', () => heard.push('old'))
        )()
        await bus.subscribe('a', () => heard.push('new'))
        await bus.publish('a', 'x')
        await until(() => heard.length === 1)
        assert.deepEqual(heard, ['new'])
      }),
    )

    it(
      'bears a handler that throws',
      withBus(async ({ bus, errors }) => {
        const heard: string[] = []
        await bus.subscribe('a', () => {
          throw new Error('bad handler')
        })
        await bus.subscribe('a', (text) => heard.push(text))
        await bus.publish('a', 'x')
        await bus.publish('a', 'y')
        await until(() => heard.length === 2)
        assert.equal(errors.length, 2)
      }),
    )

    it(
      'rejects after close, and bears a second close',
      withBus(async ({ bus }) => {
        await bus.subscribe('a', () => assert.fail('called after close'))
        await bus.close()
        await bus.close()
        await assert.rejects(bus.publish('a', 'x'), { code: 'STORAGE_CLOSED' })
        await assert.rejects(
          bus.subscribe('a', () => {}),
          { code: 'STORAGE_CLOSED' },
        )
      }),
    )
  })
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 500; tries++) await sleep(10)
  assert.ok(condition(), 'did not come in time')
}
