import type { Stores } from '../stores.ts'
import { testAppendLog } from './append-log.testsuite.ts'
import { testKeyValue } from './key-value.testsuite.ts'
import { testLeases } from './leases.testsuite.ts'
import { testMessageBus } from './message-bus.testsuite.ts'

/** A place that holds the stores of many tests, each under a prefix of its own. */
export interface SharedPlace {
  open(keyPrefix: string, onError: (error: unknown) => void): Promise<Stores>
  /** Makes so many milliseconds pass for what is stored under the prefix. */
  advance(keyPrefix: string, ms: number): Promise<void>
  /** Its buses reach one another. */
  readonly isShared?: boolean
}

/** Everything that is promised of stores, on one place. */
export function testStores(name: string, place: SharedPlace): void {
  let count = 0
  async function open() {
    const keyPrefix = `${name.replaceAll(' ', '-')}:${(count += 1)}:`
    const errors: unknown[] = []
    const onError = (error: unknown) => void errors.push(error)
    const stores = await place.open(keyPrefix, onError)
    const clock = { advance: (ms: number) => place.advance(keyPrefix, ms) }
    return { stores, clock, errors, another: () => place.open(keyPrefix, onError) }
  }
  const keyValue = async () => {
    const { stores, clock } = await open()
    return { store: closingAll(stores, stores.keyValue), clock }
  }

  testKeyValue(`${name} key-value`, keyValue)
  testLeases(`${name} leases`, keyValue)
  testAppendLog(`${name} append-log`, async () => {
    const { stores, clock } = await open()
    return { log: closingAll(stores, stores.appendLog), clock }
  })
  testMessageBus(`${name} message-bus`, async () => {
    const { stores, errors, another } = await open()
    const bus = closingAll(stores, stores.bus)
    if (!place.isShared) return { bus, errors }
    const others = await another()
    return { bus, other: closingAll(others, others.bus), errors }
  })
}

/** The part, closing all with it; itself first, so that its own promise about closing is tested. */
function closingAll<Part extends { close(): Promise<void> }>(stores: Stores, part: Part): Part {
  return {
    ...part,
    async close() {
      await part.close()
      await stores.close()
    },
  }
}
