import { testMessageBus } from '../testing/message-bus.testsuite.ts'
import { createMemoryMessageBus } from './memory-message-bus.ts'

testMessageBus('memory message-bus', async () => {
  const errors: unknown[] = []
  return { bus: createMemoryMessageBus((error) => errors.push(error)), errors }
})
