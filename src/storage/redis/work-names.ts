/** What a work queue is called in Redis. Keys of results and channels are those of the stores, without their prefix. */
export interface WorkNames {
  readonly queue: string
  /** What all keys of BullMQ begin with: one hash tag, as they have to be in one slot of a Cluster. */
  readonly prefix: string
  readonly resultKey: (id: string) => string
  /** An entry under it: the work is not wanted any more. */
  readonly cancelKey: (id: string) => string
  readonly doneChannel: string
  readonly cancelChannel: string
}

export function workNames(keyPrefix: string, queue: string): WorkNames {
  return {
    queue,
    prefix: `${keyPrefix}queue:{${queue}}`,
    resultKey: (id) => `queue:${queue}:result:${id}`,
    cancelKey: (id) => `queue:${queue}:cancelled:${id}`,
    doneChannel: `queue:${queue}:done`,
    cancelChannel: `queue:${queue}:cancel`,
  }
}
