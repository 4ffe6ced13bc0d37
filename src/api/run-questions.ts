import type { JsonObject } from '../base/json.ts'

/** The open questions of the runs of this process. */
export interface RunQuestions {
  /** None: the run waits for no answer, or another process has it. */
  of(run: string): readonly RunQuestion[]
  /** Answers one with an `ElicitResult`, in place of the client. False: it is open no more. */
  answer(run: string, key: string, answer: JsonObject): boolean
}

export interface RunQuestion {
  readonly key: string
  /** `message` and `requestedSchema`. */
  readonly params: JsonObject
}
