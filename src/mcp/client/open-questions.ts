import type { JsonObject } from '../../base/json.ts'
import type { InputAnswers, InputRequest, InputRequests } from '../messages.ts'

interface Asked {
  /** False until the client was told: it may ask while its call is parked. */
  sent: boolean
  readonly requests: InputRequests
  /** Key on the wire → key of the asker. They differ only if two askers use the same key. */
  readonly keys: ReadonlyMap<string, string>
  readonly resolve: (answers: InputAnswers) => void
  readonly reject: (error: Error) => void
}

/** The questions a parked call waits for: from one or more `ask`s, answered together. */
export class OpenQuestions {
  #asked: Asked[] = []

  add(requests: InputRequests): Promise<InputAnswers> {
    const taken = new Set(this.#asked.flatMap(({ keys }) => [...keys.keys()]))
    const keys = new Map<string, string>()
    for (const key of Object.keys(requests)) {
      let own = key
      for (let i = 2; taken.has(own) || keys.has(own); i++) own = `${key}-${i}`
      keys.set(own, key)
    }
    return new Promise((resolve, reject) => {
      this.#asked.push({ sent: false, requests, keys, resolve, reject })
    })
  }

  /** `inputRequests` of the answer to the client. */
  toWire(): JsonObject {
    const wire: [string, JsonObject][] = []
    for (const asked of this.#asked) {
      asked.sent = true
      const { requests, keys } = asked
      for (const [own, key] of keys) {
        const { method, params }: InputRequest = requests[key]!
        wire.push([own, { method, params }])
      }
    }
    return Object.fromEntries(wire)
  }

  /**
   * Delivers the answers if all that the client was asked for are there; extra ones are ignored. `ask`: one is missing,
   * and nothing was delivered, or there are further questions by now.
   */
  answer(answers: InputAnswers): 'ask' | 'done' {
    const sent = this.#asked.filter((asked) => asked.sent)
    const complete = sent.every(({ keys }) =>
      [...keys.keys()].every((own) => Object.hasOwn(answers, own)),
    )
    if (!complete) return 'ask'
    this.#asked = this.#asked.filter((asked) => !asked.sent)
    for (const { keys, resolve } of sent) {
      resolve(Object.fromEntries([...keys].map(([own, key]) => [key, answers[own]!])))
    }
    return this.#asked.length > 0 ? 'ask' : 'done'
  }

  reject(error: Error): void {
    const asked = this.#asked
    this.#asked = []
    for (const { reject } of asked) reject(error)
  }
}
